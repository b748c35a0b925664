// Conditions made ready to be tested: keywords found, texts folded, cheap tests before dear ones.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/mailbox/message.h"
#include "common/reading/condition.h"
#include "common/reading/message_reader.h"

namespace posthaste::reading {

/// What a test must read of a message.
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

/// One message under test. What could not be read makes the test that wanted it fail.
struct Candidate {
  const mailbox::Message& message;
  std::string_view header_cache;
  MessageReader& reader;  // not used by tests of summaries when there is a header_cache
  FoundTexts& found_texts;
  SentDay& sent;
  daemon::MemoryBudget::Share& memory;  // for the message and what is made of it
  bool& out_of_memory;                  // then the result says nothing
};

/// A condition, or several.
struct SearchTest {
  SearchCost cost = SearchCost::row;
  std::function<bool(Candidate&)> matches;
};

struct SearchProgram {
  std::vector<SearchTest> tests;  // all must be passed; cheap ones first
  std::size_t conditions = 0;     // of which they were made
};

/// `keywords` are the mailbox's. The arguments may go.
[[nodiscard]] SearchProgram make_ready(const AllOf& wanted, const std::vector<std::string>& keywords);

}  // namespace posthaste::reading
