#include "common/imap/body_structure.h"

#include <span>
#include <string_view>
#include <vector>

#include "common/imap/envelope.h"
#include "common/imap/writer.h"

namespace posthaste::imap {

namespace {

enum class Extension { with, without };

// Writes one tree of parts; the rules are those of RFC 9051 §9, "body" and below.
class BodyWriter {
 public:
  BodyWriter(std::string& out, Extension extension) : out_(out), writer_(out), extension_(extension) {}

  void body(const mime::Part& part) {
    writer_.open();
    switch (part.kind) {
      case mime::PartKind::multipart: body_type_mpart(part); break;
      case mime::PartKind::message: body_type_msg(part); break;
      case mime::PartKind::leaf: body_type_leaf(part); break;
    }
    writer_.close();
  }

 private:
  void body_type_mpart(const mime::Part& part) {
    for (const auto& child : part.children) body(child);
    writer_.space();
    writer_.string(part.content_type.subtype);
    if (extension_ == Extension::without) return;
    writer_.space();
    body_fld_param(part.content_type.parameters);
    disposition_and_after(part);
  }

  void body_type_msg(const mime::Part& part) {
    media(part);
    body_fields(part);
    writer_.space();
    append_envelope(out_, part.envelope ? *part.envelope : mime::Envelope{});
    writer_.space();
    body(part.children.front());
    writer_.space();
    writer_.number(part.body_lines);
    body_ext_1part(part);
  }

  void body_type_leaf(const mime::Part& part) {
    media(part);
    body_fields(part);
    if (part.content_type.is("text")) {
      writer_.space();
      writer_.number(part.body_lines);
    }
    body_ext_1part(part);
  }

  void media(const mime::Part& part) {
    writer_.string(part.content_type.type);
    writer_.space();
    writer_.string(part.content_type.subtype);
  }

  void body_fields(const mime::Part& part) {
    writer_.space();
    body_fld_param(part.content_type.parameters);
    writer_.space();
    writer_.nstring(part.id);
    writer_.space();
    writer_.nstring(part.description);
    writer_.space();
    writer_.string(part.transfer_encoding);
    writer_.space();
    writer_.number(part.body.octets);
  }

  void body_fld_param(std::span<const mime::Parameter> parameters) {
    if (parameters.empty()) {
      writer_.nil();
      return;
    }
    if (mime::has_continuations(parameters)) {  // RFC 2231 §6
      written(mime::join_continuations(parameters));
    } else {
      written(parameters);
    }
  }

  void written(std::span<const mime::Parameter> parameters) {
    writer_.open();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (i > 0) writer_.space();
      writer_.string(parameters[i].name);
      writer_.space();
      writer_.string(parameters[i].value);
    }
    writer_.close();
  }

  void body_ext_1part(const mime::Part& part) {
    if (extension_ == Extension::without) return;
    writer_.space();
    writer_.nstring(part.md5);
    disposition_and_after(part);
  }

  // SP body-fld-dsp SP body-fld-lang SP body-fld-loc
  void disposition_and_after(const mime::Part& part) {
    writer_.space();
    body_fld_dsp(part);
    writer_.space();
    body_fld_lang(part.languages);
    writer_.space();
    writer_.nstring(part.location);
  }

  void body_fld_dsp(const mime::Part& part) {
    if (!part.disposition) {
      writer_.nil();
      return;
    }
    writer_.open();
    writer_.string(part.disposition->type);
    writer_.space();
    body_fld_param(part.disposition->parameters);
    writer_.close();
  }

  void body_fld_lang(std::span<const std::string> languages) {
    if (languages.empty()) {
      writer_.nil();
      return;
    }
    writer_.open();
    for (std::size_t i = 0; i < languages.size(); ++i) {
      if (i > 0) writer_.space();
      writer_.string(languages[i]);
    }
    writer_.close();
  }

  std::string& out_;
  ResponseWriter writer_;
  Extension extension_;
};

}  // namespace

void append_body_structure(std::string& out, const mime::Part& root) {
  BodyWriter(out, Extension::with).body(root);
}

void append_body(std::string& out, const mime::Part& root) { BodyWriter(out, Extension::without).body(root); }

}  // namespace posthaste::imap
