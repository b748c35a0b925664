// RSET, NOOP, VRFY, EXPN, HELP and QUIT (RFC 5321 §4.1.1.5 to §4.1.1.10).
#include "smtpd/session.h"

namespace posthaste::smtpd {

Session::Pending Session::on(smtp::Rset /*rset*/) {
  transaction_.reset();
  return Answer{smtp::Reply{250, {2, 0, 0}, "OK"}};
}

Session::Pending Session::on(smtp::Noop /*noop*/) { return Answer{smtp::Reply{250, {2, 0, 0}, "OK"}}; }

/// Who has a mailbox here is told to nobody who does not write to it (RFC 5321 §7.3).
Session::Pending Session::on(smtp::Vrfy /*vrfy*/) {
  return Answer{smtp::Reply{252, {2, 5, 0}, "Send some mail, it will be tried"}};
}

Session::Pending Session::on(smtp::Expn /*expn*/) { return Answer{reply_for(Refusal::no_expn)}; }

Session::Pending Session::on(smtp::Help /*help*/) { return Answer{smtp::Reply{214, {2, 0, 0}, "See RFC 5321"}}; }

Session::Pending Session::on(smtp::Quit /*quit*/) {
  open_ = false;
  return Answer{smtp::Reply{221, {2, 0, 0}, context_.config.hostname + " closes the connection"}};
}

}  // namespace posthaste::smtpd
