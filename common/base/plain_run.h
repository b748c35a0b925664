// How far a message needs no attention to its line endings and leading dots: the hot part of DATA, RETR and
// relaying.
#pragma once

#include <cstddef>
#include <string_view>

namespace posthaste {

/// The end of a run of whole blocks from `at`, which is 1 or more, in which every LF follows a CR, every CR is
/// followed by LF, and no dot follows LF; `at` itself when the first block is not so. A CR at the end of the run is
/// not judged.
[[nodiscard]] std::size_t plain_run_end(std::string_view octets, std::size_t at) noexcept;

}  // namespace posthaste
