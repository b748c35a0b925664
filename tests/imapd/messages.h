// The messages of the dialogues.
#pragma once

#include <string>

namespace posthaste::imapd {

/// Its text has 25 octets.
inline const std::string kPlain =
    "From: Alice Example <alice@example.org>\r\n"
    "To: bob@example.org\r\n"
    "Subject: Hello\r\n"
    "Date: Tue, 1 Dec 2026 10:00:00 +0100\r\n"
    "Message-ID: <1@example.org>\r\n"
    "X-Private: yes\r\n"
    "\r\n"
    "First line\r\n"
    "Second line\r\n";

/// A text in quoted-printable and an attachment in base64.
inline const std::string kMixed =
    "From: bob@example.org\r\n"
    "To: alice@example.org\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Wed, 2 Dec 2026 23:30:00 -0500\r\n"
    "Message-ID: <2@example.org>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "--b\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "Sch=C3=B6ne Gr=C3=BC=C3=9Fe\r\n"
    "--b\r\n"
    "Content-Type: application/octet-stream; name=data\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAECAw==\r\n"
    "--b--\r\n";

}  // namespace posthaste::imapd
