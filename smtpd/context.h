// What the sessions of one worker share, and the port by which a session came in.
#pragma once

#include "common/auth/authenticator.h"
#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/daemon/certificates.h"
#include "common/daemon/clients.h"
#include "common/daemon/user_connections.h"
#include "common/log/log.h"
#include "common/net/scope.h"
#include "common/net/world.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/message.h"
#include "smtpd/recipient_verifier.h"
#include "smtpd/spool.h"

namespace posthaste::queue {
class Queue;
}

namespace posthaste::smtpd {

class Dispatcher;

enum class Role {
  mx,           // port 25: mail from anybody for our domains
  submission,   // port 587: our users, after STARTTLS (RFC 6409)
  submissions,  // port 465: our users, under TLS from the first octet (RFC 8314 §3.3)
};

/// Everything outlives the worker's sessions.
struct Context {
  net::World& world;
  const config::Config& config;
  const auth::Directory& directory;
  auth::Authenticator& authenticator;
  const daemon::Certificates& certificates;
  LmtpPool& delivery;
  RecipientVerifier& verifier;
  queue::Queue& queue;
  Dispatcher& dispatcher;
  MessageMemory& memory;
  daemon::Clients& clients;
  daemon::UserConnections& user_connections;
  const Spool& spool;
  net::TaskScope& scope;  // its stop() sends the sessions home
  const log::Log& log;
};

}  // namespace posthaste::smtpd
