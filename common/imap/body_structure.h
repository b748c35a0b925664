// Prints a message's tree of parts as FETCH BODY and BODYSTRUCTURE answer it (RFC 9051 §7.5.2).
#pragma once

#include <string>

#include "common/mime/structure.h"

namespace posthaste::imap {

/// Appends BODYSTRUCTURE: the parts with their extension data. Recurses as deep as the tree, which
/// mime::StructureLimits bounds.
void append_body_structure(std::string& out, const mime::Part& root);

/// Appends BODY: the same without extension data.
void append_body(std::string& out, const mime::Part& root);

}  // namespace posthaste::imap
