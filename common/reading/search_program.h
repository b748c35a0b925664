// A SEARCH program made ready: numbers resolved, texts folded, cheap keys before dear ones (RFC 9051 §6.4.4).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/imap/search.h"
#include "common/mailbox/email_ids.h"
#include "common/mailbox/message.h"
#include "imapd/message_reader.h"
#include "imapd/selected_mailbox.h"

namespace posthaste::imapd {

/// What a key must read of a message.
enum class SearchCost { row, summary, message };

/// Which of a program's texts are in one message: found out for all of them at once, when the first is asked for.
struct FoundTexts {
  std::optional<std::vector<bool>> in_header;
  std::optional<std::vector<bool>> in_body;
};

/// The day on which a message was sent, by its own clock; nothing when it does not say. Found out when it is first
/// asked for.
struct SentDay {
  std::optional<std::optional<std::chrono::sys_days>> day;
};

/// One message under test. What could not be read makes the key that wanted it fail.
struct Candidate {
  const mailbox::Message& message;
  std::string_view header_cache;
  MessageReader& reader;  // not used by tests of summaries when there is a header_cache
  FoundTexts& found_texts;
  SentDay& sent;
  daemon::MemoryBudget::Share& memory;  // for the message and what is made of it
  bool& out_of_memory;                  // then the result says nothing
};

/// A key, or several.
struct SearchTest {
  SearchCost cost = SearchCost::row;
  std::function<bool(Candidate&)> matches;
};

struct SearchContext {
  const SelectedMailbox& mailbox;
  const std::vector<std::string>& keywords;  // the mailbox's
  std::chrono::sys_seconds now;
  const mailbox::EmailIds* email_ids;  // where the program demands them
};

/// What a program asks for that is not for everybody.
struct SearchDemands {
  std::size_t keys = 0;
  std::size_t texts = 0;      // keys that look for a text in each message
  bool uses_mod_seq = false;  // MODSEQ, and so the answer has one too (RFC 7162 §3.1.5)
  bool uses_sequence_numbers = false;
  bool uses_email_ids = false;
};

[[nodiscard]] SearchDemands demands_of(const imap::SearchAnd& program);

/// The tests that must all be passed, cheap ones first. The context's mailbox outlives them and stays as it is;
/// the rest may go.
[[nodiscard]] std::vector<SearchTest> compile_search(const imap::SearchAnd& program, const SearchContext& context);

}  // namespace posthaste::imapd
