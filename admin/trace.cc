#include "admin/trace.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/config/layout.h"

namespace posthaste::admin {
namespace {

constexpr std::size_t kLineMaxOctets = 65'536;  // far more than the log writes; a longer line is no event
constexpr std::size_t kChunkOctets = 65'536;

bool is_trace_id(std::string_view text) {
  auto fits = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, fits);
}

/// "smtpd.log", "smtpd.log.1", but not "smtpd.log.2.gz".
bool is_log_file(const std::filesystem::path& path) {
  const auto extension = path.extension().string();
  if (extension == ".log") return true;
  return extension.size() > 1 && std::ranges::all_of(extension.substr(1), is_digit) &&
         path.stem().extension() == ".log";
}

std::vector<std::filesystem::path> log_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{folder, error}, end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (is_log_file(entry->path()) && entry->is_regular_file(ignored)) files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

/// Calls `visit` with each line of the file and its offset. False when the file can't be read.
bool for_each_line(const std::filesystem::path& path,
                   const std::function<void(std::string_view line, std::size_t offset)>& visit) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return false;
  std::array<char, kChunkOctets> chunk{};
  std::string line;
  bool too_long = false;
  std::size_t offset = 0;  // of the line's end
  auto finish = [&] {
    if (!too_long) visit(line, offset);
    line.clear();
    too_long = false;
  };
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
    std::string_view rest{chunk.data(), static_cast<std::size_t>(file.gcount())};
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      const auto piece = rest.substr(0, end);
      too_long = too_long || line.size() + piece.size() > kLineMaxOctets;
      if (!too_long) line += piece;
      offset += piece.size();
      rest.remove_prefix(piece.size());
      if (rest.empty()) break;
      finish();
      ++offset;
      rest.remove_prefix(1);
    }
  }
  if (!line.empty()) finish();
  return !file.bad();
}

/// Events in the order of time, and where the clock is the same, of the files; each line stands once.
class Search {
 public:
  explicit Search(std::vector<std::filesystem::path> files) { trace_.files = std::move(files); }

  /// One pass over all files for the messages that are new since the last one. False when there are none.
  bool pass() {
    if (fresh_.empty()) return false;
    const auto wanted = std::exchange(fresh_, {});
    for (std::size_t i = 0; i < trace_.files.size(); ++i) {
      auto visit = [&](std::string_view line, std::size_t offset) { look_at(line, {i, offset}, wanted); };
      if (!for_each_line(trace_.files[i], visit)) unreadable_.insert(trace_.files[i]);
    }
    return true;
  }

  void follow(std::string trace_id) {
    if (followed_.contains(trace_id)) return;
    if (followed_.size() == kTracedMessagesMax) {
      trace_.cut = true;
      return;
    }
    followed_.insert(trace_id);
    fresh_.push_back(std::move(trace_id));
  }

  Trace finish() {
    if (!fresh_.empty()) trace_.cut = true;
    for (auto& [place, event] : found_) trace_.events.push_back(std::move(event));
    std::ranges::stable_sort(trace_.events, {}, &LogEvent::time);
    trace_.unreadable.assign(unreadable_.begin(), unreadable_.end());
    return std::move(trace_);
  }

 private:
  using Place = std::pair<std::size_t, std::size_t>;  // the file's number, and the offset in it

  void look_at(std::string_view line, Place place, const std::vector<std::string>& wanted) {
    auto stands_in = [line](const std::string& id) { return line.find(id) != std::string_view::npos; };
    if (std::ranges::none_of(wanted, stands_in)) return;  // most lines, and far faster than reading them
    auto event = parse_log_line(line);
    if (!event) return;
    auto is_wanted = [&](std::string_view field) {
      const auto value = find_field(*event, field);
      return value && std::ranges::find(wanted, *value) != wanted.end();
    };
    const bool is_about = is_wanted("about");
    if (!is_about && !is_wanted("trace")) return;
    const auto own = find_field(*event, "trace");
    if (is_about && own && is_trace_id(*own)) follow(std::string{*own});
    if (found_.size() == kTracedEventsMax && !found_.contains(place)) {
      trace_.cut = true;
      return;
    }
    found_.emplace(place, std::move(*event));
  }

  Trace trace_;
  std::map<Place, LogEvent> found_;
  std::set<std::filesystem::path> unreadable_;
  std::set<std::string> followed_;
  std::vector<std::string> fresh_;
};

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

/// "2026-11-22 10:55:12.123Z  smtpd      smtp.message.accepted  recipients=2". The message's own trace goes without
/// saying, and so does the level "info".
std::string row(const LogEvent& event, const std::string& trace_id, std::size_t program_width,
                std::size_t name_width) {
  std::string time = event.time;  // with its Z: it is UTC
  time[10] = ' ';
  std::string fields;
  if (event.level != "info") fields += "  level=" + event.level;
  for (const auto& field : event.fields) {
    if (field.name == "trace" && field.value == trace_id) continue;
    fields += (fields.empty() ? "  " : " ") + to_text(field);
  }
  std::string line = time + "  " + padded(event.program, program_width) + "  ";
  line += fields.empty() ? event.name : padded(event.name, name_width) + fields;
  return line + "\n";
}

std::string table(const Trace& trace, const std::string& trace_id) {
  std::size_t program_width = 0;
  std::size_t name_width = 0;
  for (const auto& event : trace.events) {
    program_width = std::max(program_width, event.program.size());
    name_width = std::max(name_width, event.name.size());
  }
  std::string text;
  for (const auto& event : trace.events) text += row(event, trace_id, program_width, name_width);
  if (trace.cut) text += "There is more; it is left out here.\n";
  for (const auto& path : trace.unreadable) text += path.string() + " could not be read.\n";
  return text;
}

/// Values are text, escaped as in the log, so that both formats of the log give the same answer.
nlohmann::json as_json(const LogEvent& event) {
  nlohmann::json fields = nlohmann::json::object();
  for (const auto& field : event.fields) fields[field.name] = escaped(field.value, field.value.size());
  return {{"time", event.time},
          {"level", event.level},
          {"program", event.program},
          {"event", event.name},
          {"fields", std::move(fields)}};
}

std::string where_it_looked(const Trace& trace, const std::filesystem::path& folder) {
  if (trace.files.empty()) return folder.string() + " holds no logs";
  std::string text = "none in";
  for (const auto& path : trace.files) {
    const bool unreadable = std::ranges::find(trace.unreadable, path) != trace.unreadable.end();
    text += " " + path.string() + (unreadable ? " (could not be read)" : "");
  }
  return text + "; compressed logs are not searched";
}

}  // namespace

Trace find_trace(const std::filesystem::path& folder, const std::string& trace_id) {
  Search search{log_files(folder)};
  search.follow(trace_id);
  for (int level = 0; level <= kTraceLevelsMax && search.pass();) ++level;
  return search.finish();
}

Outcome<Report> trace(const config::Config& config, const std::string& trace_id) {
  if (!is_trace_id(trace_id)) {
    return Failure(escaped(trace_id) + " is no trace id: those have letters, digits, \"-\" and \"_\"");
  }
  const auto file = config::log_file(config, "smtpd");
  if (!file) {
    return Failure("the daemons log to standard error (log.destination in posthaste.toml): look for trace=" +
                   trace_id + " where that goes, perhaps with \"journalctl\"");
  }
  const auto found = find_trace(file->parent_path(), trace_id);
  if (found.events.empty()) {
    return Failure("no event about " + trace_id + ": " + where_it_looked(found, file->parent_path()));
  }
  Report report;
  report.text = table(found, trace_id);
  report.json = nlohmann::json::array();
  for (const auto& event : found.events) report.json.push_back(as_json(event));
  report.success = found.unreadable.empty();
  return report;
}

}  // namespace posthaste::admin
