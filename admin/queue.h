// `posthaste queue`: what is on its way to other hosts or waits for its next attempt, and what the operator does
// with it.
#pragma once

#include <string>

#include "admin/index.h"
#include "admin/installation.h"
#include "admin/report.h"
#include "common/config/config.h"
#include "smtpd/queue/control.h"

namespace posthaste::admin {

/// The queue with its index, as the commands see it.
[[nodiscard]] IndexedLog queue_of(const config::Config& config);

/// All entries, the oldest first. Reads the queue itself, whether smtpd runs or not.
[[nodiscard]] Outcome<Report> list_queue(const config::Config& config);

/// One entry with its recipients. `name` is its number or the message's trace id.
[[nodiscard]] Outcome<Report> show_entry(const config::Config& config, const std::string& name);

/// Has smtpd do it, to the entry of that name, or, for retry, to "all". Errors: smtpd is not running, no such
/// entry.
[[nodiscard]] Outcome<Report> change_queue(const config::Config& config, queue::ControlAction action,
                                           const std::string& name);

/// Reads every entry with its message, whether smtpd runs or not. Changes nothing. The report has success only when
/// nothing was found. Errors: the queue cannot be opened, or reading it ends the reader.
[[nodiscard]] Outcome<Report> check_queue(const config::Config& config);

/// Makes the index again from the log, beside the old one, which is kept. Errors: smtpd runs; the log is damaged;
/// no room.
[[nodiscard]] Outcome<Report> rebuild_queue(const config::Config& config, Loss loss);

/// Gives up a queue of which nothing is left: the next start begins an empty one. Errors: smtpd runs; something is
/// left.
[[nodiscard]] Outcome<Report> begin_empty_queue(const config::Config& config);

}  // namespace posthaste::admin
