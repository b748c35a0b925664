// SEARCH, SORT and THREAD over one mailbox, as their steps run on an executor: 10,000 and 100,000 messages of a
// usual header, 2 KB each, in threads of five. Reported: messages a second.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/imap/command.h"
#include "common/mime/cached_fields.h"
#include "common/reading/search_work.h"
#include "common/reading/sort_work.h"
#include "common/reading/thread_work.h"
#include "common/store/writer.h"
#include "imapd/search/search_keys.h"

namespace posthaste::imapd {
namespace {

constexpr UserId kUser{1};
constexpr MailboxId kInbox{1};

std::string header_of(std::size_t i) {
  const std::string number = std::to_string(i);
  std::string header = "From: \"Sender " + std::to_string(i * 7919 % 500) + "\" <s" + std::to_string(i % 500) +
                       "@example.org>\r\nTo: alice@example.org\r\nSubject: " + (i % 5 == 0 ? "" : "Re: ") +
                       "[list] matter of thread " + std::to_string(i / 5 * 7907 % 100'000) +
                       "\r\nDate: Tue, 1 Dec 2026 10:" + std::to_string(10 + i % 50) +
                       ":00 +0100\r\nMessage-ID: <" + number + "@example.org>\r\n";
  if (i % 5 != 0)
    header += "References: <" + std::to_string(i / 5 * 5) + "@example.org> <" + std::to_string(i - 1) +
              "@example.org>\r\n";
  return header + "\r\n";
}

/// A store with one INBOX of so many messages; made once for each size.
class Mailbox {
 public:
  explicit Mailbox(std::size_t messages) {
    directory_ = (std::filesystem::temp_directory_path() / "posthaste-bench-XXXXXX").string();
    if (::mkdtemp(directory_.data()) == nullptr) return;
    store::WriterOptions options;
    options.directory = directory_;
    auto opened = store::Writer::open(std::move(options));
    if (!opened) return;
    writer_ = std::move(*opened);
    for (std::size_t i = 0; i < messages;) {
      std::vector<store::Request> group;
      for (; i < messages && group.size() < 128; ++i) {
        mailbox::Deliver deliver;
        deliver.user = kUser;
        const std::string header = header_of(i);
        deliver.blob = mailbox::put_blob(header + std::string(2'000 - header.size(), 'x'),
                                         {"e", "s", mime::cached_header(header)});
        group.emplace_back(std::move(deliver));
      }
      const mailbox::Time now{std::chrono::milliseconds{1'700'000'000'000}};
      (void)writer_->commit(group, now, store::Publication::now, [](std::span<const store::Outcome>) {});
    }
    auto opened_mailbox = open_mailbox(writer_->store(), "INBOX", true, Recency{kUser});
    if (opened_mailbox) selected_ = std::move(opened_mailbox->mailbox);
  }
  ~Mailbox() {
    writer_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] const store::Store& store() const { return writer_->store(); }
  [[nodiscard]] const SelectedMailbox& selected() const { return selected_; }

  static const Mailbox& of(std::size_t messages) {
    static const Mailbox small{10'000};
    if (messages == 10'000) return small;
    static const Mailbox large{100'000};
    return large;
  }

 private:
  std::string directory_;
  std::unique_ptr<store::Writer> writer_;
  SelectedMailbox selected_;
};

template <typename Work>
void finish(benchmark::State& state, Work& work) {
  while (!work.done()) {
    if (!work.step()) return state.SkipWithError("not read");
  }
}

void search(benchmark::State& state, const char* program) {
  const Mailbox& mailbox = Mailbox::of(static_cast<std::size_t>(state.range(0)));
  const auto command = imap::parse_command(std::string{"a SEARCH "} + program);
  const std::vector<std::string> keywords;
  daemon::MemoryBudget budget{std::size_t{1} << 30U};
  for (auto _ : state) {
    const SearchContext context{mailbox.selected(), {}};
    reading::SearchWork work{
        mailbox.store(),
        kUser,
        mailbox.selected().id,
        reading::make_ready(conditions_of(std::get<imap::Search>(command->body).program, context), keywords),
        mailbox.selected().messages.all(),
        budget};
    finish(state, work);
    benchmark::DoNotOptimize(work.found());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sort(benchmark::State& state, const char* criteria) {
  const Mailbox& mailbox = Mailbox::of(static_cast<std::size_t>(state.range(0)));
  const auto command = imap::parse_command(std::string{"a SORT ("} + criteria + ") UTF-8 ALL");
  daemon::MemoryBudget budget{std::size_t{1} << 30U};
  for (auto _ : state) {
    reading::SortWork work{mailbox.store(),
                           kUser,
                           mailbox.selected().id,
                           criteria_of(std::get<imap::Sort>(command->body).criteria),
                           mailbox.selected().messages.all(),
                           budget};
    finish(state, work);
    benchmark::DoNotOptimize(work.result());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void thread(benchmark::State& state, reading::ThreadAlgorithm algorithm) {
  const Mailbox& mailbox = Mailbox::of(static_cast<std::size_t>(state.range(0)));
  daemon::MemoryBudget budget{std::size_t{1} << 30U};
  for (auto _ : state) {
    reading::ThreadWork work{
        mailbox.store(), kUser, mailbox.selected().id, algorithm, mailbox.selected().messages.all(), budget};
    finish(state, work);
    benchmark::DoNotOptimize(work.forest());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(search, subject, "SUBJECT matter")->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, text, "TEXT nothing")->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sort, date, "DATE")->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sort, subject_date, "SUBJECT DATE")->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(thread, by_subject, reading::ThreadAlgorithm::ordered_subject)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(thread, by_references, reading::ThreadAlgorithm::references)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace posthaste::imapd
