// The fields that describe content: Content-Type (RFC 2045 §5), Content-Disposition (RFC 2183), Content-Language
// (RFC 3282), and their parameters (RFC 2231).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::mime {

inline constexpr std::size_t kParametersMax = 100;  // of one field; what follows is not read
inline constexpr std::size_t kLanguagesMax = 100;

/// A parameter as it is written, but unquoted: the name may be "filename*0*" and the value "utf-8''%e2%82%ac".
struct Parameter {
  std::string name;
  std::string value;
  bool operator==(const Parameter&) const = default;
};

/// A media type, letters in the case they are written in.
struct ContentType {
  std::string type;
  std::string subtype;
  std::vector<Parameter> parameters;

  [[nodiscard]] bool is(std::string_view other_type) const noexcept;
  [[nodiscard]] bool is(std::string_view other_type, std::string_view other_subtype) const noexcept;
  bool operator==(const ContentType&) const = default;
};

struct Disposition {
  std::string type;  // "inline", "attachment", ...; in the case it is written in
  std::vector<Parameter> parameters;
  bool operator==(const Disposition&) const = default;
};

/// What a message without a readable Content-Type holds (RFC 2045 §5.2): text/plain; charset=us-ascii.
[[nodiscard]] ContentType default_content_type();

/// Reads the body of a Content-Type field. Nothing if it does not begin with type "/" subtype; parameters that
/// cannot be read are left out.
[[nodiscard]] std::optional<ContentType> parse_content_type(std::string_view text);

/// Reads the body of a Content-Disposition field. Nothing if it does not begin with a token.
[[nodiscard]] std::optional<Disposition> parse_disposition(std::string_view text);

/// Reads the body of a Content-Language field: the tags, in order.
[[nodiscard]] std::vector<std::string> parse_languages(std::string_view text);

/// Reads the one token of a field such as Content-Transfer-Encoding. Nothing if there is none.
[[nodiscard]] std::optional<std::string> parse_token(std::string_view text);

/// Whether some values are cut in sections (RFC 2231 §3).
[[nodiscard]] bool has_continuations(std::span<const Parameter> parameters);

/// The parameters with sections joined: "filename*0=a; filename*1=b" as "filename=ab", and as "filename*=utf-8''ab"
/// where one of them is percent-encoded (RFC 2231 §6). Charset and language stay in it. Sections without a
/// beginning, behind a gap, or beside a whole value that is percent-encoded, stay as they are; a plain value goes
/// when they are joined to one of its name. find_parameter() finds the same values in both.
[[nodiscard]] std::vector<Parameter> join_continuations(std::span<const Parameter> parameters);

/// The value of the parameter called `name`, in any case, for use: sections in order and joined, charset and
/// percent-encoding read (RFC 2231), and encoded words too, which many write there; as valid UTF-8. Nothing without
/// it.
[[nodiscard]] std::optional<std::string> find_parameter(std::span<const Parameter> parameters,
                                                        std::string_view name);

}  // namespace posthaste::mime
