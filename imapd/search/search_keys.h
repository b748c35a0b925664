// IMAP's search keys, turned into what common/reading looks for (RFC 9051 §6.4.4).
#pragma once

#include <chrono>
#include <cstddef>

#include "common/imap/search.h"
#include "common/imap/sort.h"
#include "common/mailbox/email_ids.h"
#include "common/reading/condition.h"
#include "common/reading/sort_work.h"
#include "common/reading/thread_work.h"
#include "imapd/view/selected_mailbox.h"

namespace posthaste::imapd {

/// What a program asks for that is not for everybody.
struct SearchDemands {
  std::size_t texts = 0;      // keys that look for a text in each message
  bool uses_mod_seq = false;  // MODSEQ, and so the answer has one too (RFC 7162 §3.1.5)
  bool uses_sequence_numbers = false;
  bool uses_email_ids = false;
};

[[nodiscard]] SearchDemands demands_of(const imap::SearchAnd& program);

/// What the words of a program refer to.
struct SearchContext {
  const SelectedMailbox& mailbox;
  std::chrono::sys_seconds now;
  const mailbox::EmailIds* email_ids = nullptr;  // where the program demands them
};

/// To be asked of the messages of the context's mailbox and of no others.
[[nodiscard]] reading::AllOf conditions_of(const imap::SearchAnd& program, const SearchContext& context);

[[nodiscard]] std::vector<reading::SortCriterion> criteria_of(const std::vector<imap::SortCriterion>& criteria);
[[nodiscard]] reading::ThreadAlgorithm algorithm_of(imap::ThreadAlgorithm algorithm);

}  // namespace posthaste::imapd
