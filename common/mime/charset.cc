#include "common/mime/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kCharsetNameMaxOctets = 64;

/// The octets 0x80 to 0x9F of windows-1252; those it leaves undefined are U+FFFD.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
                                                   0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

/// What reads the text of a charset.
enum class Reader { utf8, latin, iconv, iso_2022_jp, hz };

struct Charset {
  Reader reader = Reader::iconv;
  std::string_view iconv_name;  // for all but the first two
};

struct Label {
  std::string_view label;  // in small letters
  Charset charset;
};

constexpr Charset kUtf8{Reader::utf8, {}};
/// ISO-8859-1 too: mail that says so and uses 0x80 to 0x9F means windows-1252, for the controls that ISO has there
/// are of no use in text. Browsers read it so.
constexpr Charset kLatin{Reader::latin, {}};
constexpr Charset kKorean{Reader::iconv, "CP949"};
constexpr Charset kChinese{Reader::iconv, "GB18030"};
constexpr Charset kTaiwanese{Reader::iconv, "BIG5-HKSCS"};
constexpr Charset kShiftJis{Reader::iconv, "CP932"};
constexpr Charset kEucJp{Reader::iconv, "EUC-JP-MS"};
constexpr Charset kIso2022Jp{Reader::iso_2022_jp, "EUC-JP-MS"};
constexpr Charset kHebrew{Reader::iconv, "WINDOWS-1255"};
constexpr Charset kThai{Reader::iconv, "CP874"};
constexpr Charset kTurkish{Reader::iconv, "WINDOWS-1254"};

/// The names that mail uses, those of https://encoding.spec.whatwg.org among them, by what is meant: most often a
/// larger charset than the one named, whose characters of old are where they were. In the order of their octets.
constexpr std::array kLabels{
    Label{"ansi_x3.4-1968", kUtf8},
    Label{"ascii", kUtf8},
    Label{"big5", kTaiwanese},
    Label{"big5-hkscs", kTaiwanese},
    Label{"chinese", kChinese},
    Label{"cn-big5", kTaiwanese},
    Label{"cn-gb", kChinese},
    Label{"cp1252", kLatin},
    Label{"cp1254", kTurkish},
    Label{"cp1255", kHebrew},
    Label{"cp50220", kIso2022Jp},
    Label{"cp50221", kIso2022Jp},
    Label{"cp50222", kIso2022Jp},
    Label{"cp51932", kEucJp},
    Label{"cp51949", kKorean},
    Label{"cp819", kLatin},
    Label{"cp874", kThai},
    Label{"cp932", kShiftJis},
    Label{"cp936", kChinese},
    Label{"cp949", kKorean},
    Label{"cp950", kTaiwanese},
    Label{"csbig5", kTaiwanese},
    Label{"cseuckr", kKorean},
    Label{"cseucpkdfmtjapanese", kEucJp},
    Label{"csgb2312", kChinese},
    Label{"csiso2022jp", kIso2022Jp},
    Label{"csiso58gb231280", kChinese},
    Label{"csiso88598e", kHebrew},
    Label{"csiso88598i", kHebrew},
    Label{"csisolatin1", kLatin},
    Label{"csisolatin5", kTurkish},
    Label{"csisolatinhebrew", kHebrew},
    Label{"csksc56011987", kKorean},
    Label{"csshiftjis", kShiftJis},
    Label{"dos-874", kThai},
    Label{"euc-cn", kChinese},
    Label{"euc-jp", kEucJp},
    Label{"euc-kr", kKorean},
    Label{"euccn", kChinese},
    Label{"eucjp", kEucJp},
    Label{"euckr", kKorean},
    Label{"gb18030", kChinese},
    Label{"gb2312", kChinese},
    Label{"gb_2312", kChinese},
    Label{"gb_2312-80", kChinese},
    Label{"gbk", kChinese},
    Label{"hebrew", kHebrew},
    Label{"hz", {Reader::hz, "GB18030"}},
    Label{"hz-gb-2312", {Reader::hz, "GB18030"}},
    Label{"ibm819", kLatin},
    Label{"iso-2022-jp", kIso2022Jp},
    Label{"iso-2022-jp-1", kIso2022Jp},
    Label{"iso-2022-jp-ms", kIso2022Jp},
    Label{"iso-8859-1", kLatin},
    Label{"iso-8859-11", kThai},
    Label{"iso-8859-8", kHebrew},
    Label{"iso-8859-8-e", kHebrew},
    Label{"iso-8859-8-i", kHebrew},
    Label{"iso-8859-8e", kHebrew},
    Label{"iso-8859-8i", kHebrew},
    Label{"iso-8859-9", kTurkish},
    Label{"iso-ir-100", kLatin},
    Label{"iso-ir-138", kHebrew},
    Label{"iso-ir-148", kTurkish},
    Label{"iso-ir-149", kKorean},
    Label{"iso-ir-58", kChinese},
    Label{"iso8859-1", kLatin},
    Label{"iso8859-11", kThai},
    Label{"iso8859-8", kHebrew},
    Label{"iso8859-8-i", kHebrew},
    Label{"iso8859-9", kTurkish},
    Label{"iso88591", kLatin},
    Label{"iso885911", kThai},
    Label{"iso88598", kHebrew},
    Label{"iso88599", kTurkish},
    Label{"iso_8859-1", kLatin},
    Label{"iso_8859-1:1987", kLatin},
    Label{"iso_8859-8", kHebrew},
    Label{"iso_8859-8-e", kHebrew},
    Label{"iso_8859-8-i", kHebrew},
    Label{"iso_8859-8:1988", kHebrew},
    Label{"iso_8859-9", kTurkish},
    Label{"iso_8859-9:1989", kTurkish},
    Label{"korean", kKorean},
    Label{"ks_c_5601", kKorean},
    Label{"ks_c_5601-1987", kKorean},
    Label{"ks_c_5601-1989", kKorean},
    Label{"ksc5601", kKorean},
    Label{"ksc_5601", kKorean},
    Label{"l1", kLatin},
    Label{"l5", kTurkish},
    Label{"latin-1", kLatin},
    Label{"latin1", kLatin},
    Label{"latin5", kTurkish},
    Label{"logical", kHebrew},
    Label{"ms932", kShiftJis},
    Label{"ms936", kChinese},
    Label{"ms949", kKorean},
    Label{"ms_kanji", kShiftJis},
    Label{"shift-jis", kShiftJis},
    Label{"shift_jis", kShiftJis},
    Label{"sjis", kShiftJis},
    Label{"tis-620", kThai},
    Label{"uhc", kKorean},
    Label{"unicode-1-1-utf-7", {Reader::iconv, "UTF-7"}},
    Label{"unicode-1-1-utf-8", kUtf8},
    Label{"us-ascii", kUtf8},
    Label{"utf-8", kUtf8},
    Label{"utf8", kUtf8},
    Label{"visual", kHebrew},
    Label{"windows-1252", kLatin},
    Label{"windows-1254", kTurkish},
    Label{"windows-31j", kShiftJis},
    Label{"windows-874", kThai},
    Label{"windows-932", kShiftJis},
    Label{"windows-936", kChinese},
    Label{"windows-949", kKorean},
    Label{"windows-950", kTaiwanese},
    Label{"x-big5", kTaiwanese},
    Label{"x-cp1252", kLatin},
    Label{"x-cp1254", kTurkish},
    Label{"x-cp1255", kHebrew},
    Label{"x-euc", kEucJp},
    Label{"x-euc-jp", kEucJp},
    Label{"x-euc-kr", kKorean},
    Label{"x-gbk", kChinese},
    Label{"x-ms-cp932", kShiftJis},
    Label{"x-sjis", kShiftJis},
    Label{"x-windows-949", kKorean},
    Label{"x-x-big5", kTaiwanese},
};
static_assert(std::ranges::is_sorted(kLabels, {}, &Label::label));

/// The charset that mail means by a name. One that is not in the table is asked of iconv as it is.
Charset charset_of(std::string_view name) {
  if (iequals(name, "utf-8")) return kUtf8;
  if (name.size() > kCharsetNameMaxOctets) return {Reader::iconv, name};
  const std::string label = lower(name);
  const auto known = std::ranges::lower_bound(kLabels, label, {}, &Label::label);
  if (known != kLabels.end() && known->label == label) return known->charset;
  return {Reader::iconv, name};
}

/// Octets of the UTF-8 sequence that `text` begins with; 0 if it is not valid (RFC 3629 §4).
std::size_t sequence_octets(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t octets = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return octets <= text.size() && is_utf8(text.substr(0, octets)) ? octets : 0;
}

std::string read_utf8(std::string_view octets) {
  if (is_utf8(octets)) return std::string(octets);
  std::string text;
  text.reserve(octets.size());
  while (!octets.empty()) {
    const std::size_t valid = sequence_octets(octets);
    text += valid == 0 ? kReplacement : octets.substr(0, valid);
    octets.remove_prefix(std::max<std::size_t>(valid, 1));
  }
  return text;
}

void append_utf8(std::string& text, char16_t c) {  // of the basic plane, no surrogate
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

std::string read_latin(std::string_view octets) {
  std::string text;
  text.reserve(octets.size());
  for (const char octet : octets) {
    const auto value = static_cast<unsigned char>(octet);
    append_utf8(text, value >= 0x80 && value < 0xA0 ? kWindows1252[value - 0x80U] : char16_t{value});
  }
  return text;
}

struct CloseConversion {
  void operator()(void* conversion) const noexcept { iconv_close(conversion); }
};
using Conversion = std::unique_ptr<void, CloseConversion>;

/// Whether `charset` may be asked for: iconv takes a slash for the start of its own options, and its pseudo
/// charsets depend on the machine and its locale.
bool is_charset_name(std::string_view charset) {
  const auto is_part = [](char c) { return is_alnum(c) || std::string_view{"-_.:+"}.contains(c); };
  return !charset.empty() && charset.size() <= kCharsetNameMaxOctets && std::ranges::all_of(charset, is_part) &&
         !iequals(charset, "char") && !iequals(charset, "wchar_t") && !iequals(charset, "internal");
}

/// A conversion to UTF-8, or null for an unknown charset.
Conversion open_conversion(std::string_view charset) {
  if (!is_charset_name(charset)) return nullptr;
  const iconv_t conversion = iconv_open("UTF-8", std::string(charset).c_str());
  if (conversion == reinterpret_cast<iconv_t>(-1)) return nullptr;
  return Conversion(conversion);
}

/// Runs `conversion` over `octets`. Every round reads at least one octet or empties a full buffer.
std::string convert(const Conversion& conversion, std::string_view octets) {
  std::string text;
  std::array<char, 4096> buffer;
  char* input = const_cast<char*>(octets.data());  // iconv's signature is older than const; it only reads
  std::size_t input_octets = octets.size();
  for (bool reading = true; reading;) {
    char* output = buffer.data();
    std::size_t space = buffer.size();
    reading = input_octets > 0;
    const std::size_t result = iconv(conversion.get(), reading ? &input : nullptr, &input_octets, &output, &space);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    text.append(buffer.data(), buffer.size() - space);
    if (reading && error != 0 && error != E2BIG) {  // EILSEQ; EINVAL, a sequence cut off at the end
      text += kReplacement;
      ++input;
      --input_octets;
    }
  }
  return read_utf8(text);
}

/// ISO-2022-JP as EUC-JP: iconv's own reader knows neither the vendors' characters (circled digits above all) nor
/// half-width kana. An escape sequence that is not known stays, a line end leads back to ASCII as RFC 1468 has it.
std::string euc_jp_of_iso_2022_jp(std::string_view octets) {
  enum class Set { ascii, kana, kanji, more_kanji };
  struct Escape {
    std::string_view sequence;
    Set set;
  };
  constexpr std::array kEscapes{
      Escape{"\x1B(B", Set::ascii},  Escape{"\x1B(J", Set::ascii},  Escape{"\x1B(H", Set::ascii},
      Escape{"\x1B(I", Set::kana},   Escape{"\x1B$@", Set::kanji},  Escape{"\x1B$B", Set::kanji},
      Escape{"\x1B$(@", Set::kanji}, Escape{"\x1B$(B", Set::kanji}, Escape{"\x1B$(D", Set::more_kanji}};
  constexpr char kOneKana = '\x8E';
  constexpr char kMoreKanji = '\x8F';
  const auto is_graphic = [](char c) { return c > ' ' && c < '\x7F'; };
  const auto high = [](char c) { return static_cast<char>(static_cast<unsigned char>(c) | 0x80U); };
  std::string text;
  text.reserve(octets.size() + octets.size() / 2);
  Set set = Set::ascii;
  while (!octets.empty()) {
    const auto escape =
        std::ranges::find_if(kEscapes, [octets](const Escape& each) { return octets.starts_with(each.sequence); });
    if (escape != kEscapes.end()) {
      set = escape->set;
      octets.remove_prefix(escape->sequence.size());
      continue;
    }
    const char c = octets.front();
    if (c == '\n') set = Set::ascii;
    const bool is_pair = (set == Set::kanji || set == Set::more_kanji) && octets.size() > 1 && is_graphic(c) &&
                         is_graphic(octets[1]);
    if (is_pair) {
      if (set == Set::more_kanji) text += kMoreKanji;
      text += high(c);
      text += high(octets[1]);
      octets.remove_prefix(2);
      continue;
    }
    const bool is_kana = set == Set::kana && is_graphic(c);
    if (is_kana) text += kOneKana;
    text += is_kana ? high(c) : c;
    octets.remove_prefix(1);
  }
  return text;
}

/// HZ (RFC 1843) as GB2312.
std::string gb_of_hz(std::string_view octets) {
  std::string text;
  text.reserve(octets.size());
  bool in_gb = false;
  while (!octets.empty()) {
    const std::string_view two = octets.substr(0, 2);
    if (two == "~{" || two == "~}") {
      in_gb = two == "~{";
      octets.remove_prefix(2);
    } else if (!in_gb && two == "~~") {
      text += '~';
      octets.remove_prefix(2);
    } else {
      const char c = octets.front();
      if (c == '\n') in_gb = false;
      const bool is_half = in_gb && c > ' ' && c < '\x7F';
      text += is_half ? static_cast<char>(static_cast<unsigned char>(c) | 0x80U) : c;
      octets.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace

bool is_part_of_utf8(std::string_view charset) { return charset_of(charset).reader == Reader::utf8; }

bool knows_charset(std::string_view charset) {
  const Charset known = charset_of(charset);
  return known.reader == Reader::utf8 || known.reader == Reader::latin ||
         open_conversion(known.iconv_name) != nullptr;
}

std::string to_utf8(std::string_view charset, std::string_view octets) {
  const Charset known = charset_of(charset);
  if (known.reader == Reader::utf8) return read_utf8(octets);
  if (known.reader == Reader::latin) return read_latin(octets);
  const Conversion conversion = open_conversion(known.iconv_name);
  if (!conversion) return read_utf8(octets);
  if (known.reader == Reader::iso_2022_jp) return convert(conversion, euc_jp_of_iso_2022_jp(octets));
  if (known.reader == Reader::hz) return convert(conversion, gb_of_hz(octets));
  return convert(conversion, octets);
}

}  // namespace posthaste::mime
