#include "admin/routes.h"

#include <utility>

namespace posthaste::admin {
namespace {

std::string what_is_wrong(auth::RouteUrlError error) {
  using enum auth::RouteUrlError;
  switch (error) {
    case scheme: return "it must begin with smtp://, smtps:// or lmtp://";
    case host: return "the host must be a name or an IP address (IPv6 in brackets: smtp://[2001:db8::1])";
    case port: return "the port must be 1 to 65535; LMTP over TCP needs one: lmtp://host:24";
    case user: return "the user name is empty, too long or badly written, or stands before an LMTP host";
    case password: return "a password may not stand in it: others could read it; use --password-stdin";
    case socket_path: return "the socket must be an absolute path of at most 107 octets: lmtp:///run/lmtp.sock";
    case tls: return "?tls= is required, opportunistic or none, and only for smtp:// and lmtp:// over TCP";
    case query: return "nothing but ?tls= may stand behind the host";
  }
  std::unreachable();
}

std::string sentence_for_route(auth::DirectoryError error, const std::string& target) {
  if (error == auth::DirectoryError::not_found) return "there is no route for " + target;
  if (error == auth::DirectoryError::bad_address) {
    return target + " can't have a route: give user@domain, a domain, or \"*\" for all that has no other";
  }
  return sentence(error, target);
}

/// Runs one step as a change of its own.
template <typename Step>
Outcome<void> change_route(auth::Directory& directory, const std::string& target, Step step) {
  auto change = directory.change();
  if (!change) return Failure(sentence_for_route(change.error(), target));
  const std::expected<void, auth::DirectoryError> stepped = step(*change);
  if (!stepped) return Failure(sentence_for_route(stepped.error(), target));
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), target));
  return {};
}

const char* name_of(auth::Route::Protocol protocol) {
  return protocol == auth::Route::Protocol::lmtp ? "lmtp" : "smtp";
}

const char* name_of(auth::Route::Tls tls) {
  using enum auth::Route::Tls;
  switch (tls) {
    case opportunistic: return "opportunistic";
    case required: return "required";
    case none: return "none";
    case implicit: return "implicit";
  }
  std::unreachable();
}

nlohmann::json as_json(const auth::Route& route) {
  return {{"target", route.target},
          {"url", auth::to_url(route)},
          {"protocol", name_of(route.protocol)},
          {"host", route.host},
          {"port", route.port},
          {"tls", name_of(route.tls)},
          {"user", route.user},
          {"password", !route.password.empty()}};
}

}  // namespace

Outcome<auth::Route> read_route(const std::string& target, const std::string& url) {
  auto route = auth::parse_route_url(url);
  if (!route)
    return Failure("the URL is no route: " + what_is_wrong(route.error()));  // untold: it may hold a password
  route->target = target;
  return std::move(*route);
}

Outcome<Report> add_route(auth::Directory& directory, const auth::Route& route) {
  auto set = [&route](auth::Change& change) { return change.set_route(route); };
  if (auto done = change_route(directory, route.target, set); !done) return Failure(done.error());
  const auto ours = directory.is_our_domain(route.target);
  if (!ours || !*ours) {
    return Report{"Mail for " + route.target + " goes to " + auth::to_url(route) + ".\n", as_json(route)};
  }
  return Report{"Mail for addresses of " + route.target + " that nobody has here goes to " + auth::to_url(route) +
                    "; it is no longer refused.\n",
                as_json(route)};
}

Outcome<Report> list_routes(const auth::Directory& directory) {
  const auto routes = directory.list_routes();
  if (!routes) return Failure(sentence(routes.error(), "the directory"));
  Report report;
  report.json = nlohmann::json::array();
  for (const auto& route : *routes) {
    report.text +=
        route.target + " " + auth::to_url(route) + (route.password.empty() ? "\n" : "  (with password)\n");
    report.json.push_back(as_json(route));
  }
  return report;
}

Outcome<Report> delete_route(auth::Directory& directory, const std::string& target) {
  auto erase = [&target](auth::Change& change) { return change.delete_route(target); };
  if (auto done = change_route(directory, target, erase); !done) return Failure(done.error());
  return Report{"Deleted the route for " + target + ".\n", {{"target", target}}};
}

}  // namespace posthaste::admin
