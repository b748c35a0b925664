#include "imapd/session.h"

namespace posthaste::imapd {

/// What works whole, now: it changes with STARTTLS and with login (RFC 9051 §6.1.1).
std::string Session::capabilities() const {
  std::string names = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE";
  if (!login_) {
    if (stream_.tls() == nullptr) names += " STARTTLS";
    for (const auto mechanism : around_.authenticator.mechanisms(stream_.tls())) {
      names.append(" AUTH=").append(name_of(mechanism));
    }
    if (!around_.authenticator.takes_passwords(stream_.tls())) names += " LOGINDISABLED";
    return names;
  }
  names +=
      " IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE"
      " ESEARCH ESORT SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES I18NLEVEL=1 WITHIN BINARY"
      " MULTIAPPEND CATENATE REPLACE QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE OBJECTID SAVEDATE PREVIEW"
      " INPROGRESS STATUS=SIZE CONDSTORE QRESYNC SEARCHRES PARTIAL UTF8=ACCEPT NOTIFY UIDONLY METADATA"
      " APPENDLIMIT=" +
      std::to_string(around_.config.smtp.message_max_octets);
  if (!stream_.compressed()) names += " COMPRESS=DEFLATE UNAUTHENTICATE";
  return names;
}

}  // namespace posthaste::imapd
