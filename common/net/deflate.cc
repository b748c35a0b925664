#include "common/net/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <utility>

#include "common/base/release.h"

namespace posthaste::net {
namespace {

constexpr int kRawDeflate = -15;  // the largest window, and no header
constexpr int kLevel = 3;
constexpr int kMemoryLevel = 8;
constexpr std::size_t kWindowOctets = 32'768;
constexpr std::size_t kDeflaterOctets = 268'000;  // zlib's own figures, in zconf.h
constexpr std::size_t kInflaterOctets = 7'000 + kWindowOctets;
constexpr std::size_t kInflatedAtOnceOctets = 65'536;
constexpr std::size_t kDeflatedAtOnceOctets = 65'536;

Bytef* input_of(std::string_view octets) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));  // zlib only reads it
}

/// Whether all that the inflater has read is behind it: it stands between two blocks, at the edge of an octet
/// (zlib.h, data_type).
bool is_at_rest(const z_stream& inflater) {
  constexpr int kUnusedBits = 7;
  constexpr int kLastBlock = 64;
  constexpr int kBetweenBlocks = 128;
  return (inflater.data_type & kBetweenBlocks) != 0 && (inflater.data_type & (kUnusedBits | kLastBlock)) == 0;
}

}  // namespace

void InflateDeleter::operator()(z_stream_s* stream) const noexcept {
  inflateEnd(stream);
  delete stream;
}

void DeflateDeleter::operator()(z_stream_s* stream) const noexcept {
  deflateEnd(stream);
  delete stream;
}

DeflateTransport::DeflateTransport(std::unique_ptr<Transport> carrier) : carrier_(std::move(carrier)) {}
DeflateTransport::~DeflateTransport() = default;

bool DeflateTransport::wake_inflater() {
  if (inflater_) return true;
  auto stream = std::make_unique<z_stream>();
  if (inflateInit2(stream.get(), kRawDeflate) != Z_OK) return false;
  inflater_.reset(stream.release());
  if (!history_.empty()) {
    inflateSetDictionary(inflater_.get(), input_of(history_), static_cast<uInt>(history_.size()));
  }
  release(history_);
  return true;
}

std::expected<bool, StreamError> DeflateTransport::inflate_some(std::string& input) {
  const std::size_t waiting = arrived_.size() - arrived_start_;
  if (waiting == 0 && !holds_more_) return false;
  if (!wake_inflater()) return std::unexpected(StreamError::closed);
  const std::size_t before = input.size();
  input.resize(before + kInflatedAtOnceOctets);
  inflater_->next_in = input_of(std::string_view{arrived_}.substr(arrived_start_));
  inflater_->avail_in = static_cast<uInt>(waiting);
  inflater_->next_out = reinterpret_cast<Bytef*>(input.data() + before);
  inflater_->avail_out = static_cast<uInt>(kInflatedAtOnceOctets);
  const int result = inflate(inflater_.get(), Z_SYNC_FLUSH);
  input.resize(input.size() - inflater_->avail_out);
  holds_more_ = inflater_->avail_out == 0;
  arrived_start_ = arrived_.size() - inflater_->avail_in;
  if (arrived_start_ == arrived_.size()) {
    arrived_.clear();
    arrived_start_ = 0;
  }
  // Z_BUF_ERROR: nothing more could be done, which is no error.
  if (result == Z_STREAM_END || (result != Z_OK && result != Z_BUF_ERROR)) end_ = StreamError::closed;
  return input.size() > before;
}

std::expected<bool, StreamError> DeflateTransport::receive(std::string& input) {
  for (;;) {
    if (end_) return std::unexpected(*end_);
    const auto inflated = inflate_some(input);
    if (!inflated || *inflated) return inflated;
    if (end_) continue;
    const auto received = carrier_->receive(arrived_);
    if (!received || !*received) return received;
  }
}

/// Gives back what is not needed before the peer speaks again. A new deflater may go on behind a sync flush: it
/// refers to nothing that was sent before.
void DeflateTransport::rest() {
  deflater_.reset();
  if (inflater_ && is_at_rest(*inflater_)) {
    std::string history(kWindowOctets, '\0');
    uInt octets = 0;
    if (inflateGetDictionary(inflater_.get(), reinterpret_cast<Bytef*>(history.data()), &octets) == Z_OK) {
      history_ = history.substr(0, octets);
      inflater_.reset();
    }
  }
  arrived_.shrink_to_fit();
}

Task<std::expected<Readiness, StreamError>> DeflateTransport::wait(std::chrono::milliseconds timeout) {
  if (holds_more_ || arrived_start_ < arrived_.size() || end_) co_return Readiness::input;
  rest();
  co_return co_await carrier_->wait(timeout);
}

std::string DeflateTransport::deflated(std::string_view octets) {
  if (!deflater_) {
    auto stream = std::make_unique<z_stream>();
    if (deflateInit2(stream.get(), kLevel, Z_DEFLATED, kRawDeflate, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc{};
    }
    deflater_.reset(stream.release());
  }
  std::string compressed;
  deflater_->next_in = input_of(octets);
  deflater_->avail_in = static_cast<uInt>(octets.size());
  do {
    const std::size_t before = compressed.size();
    const std::size_t room = std::min(kDeflatedAtOnceOctets, octets.size() / 2 + 64);
    compressed.resize(before + room);
    deflater_->next_out = reinterpret_cast<Bytef*>(compressed.data() + before);
    deflater_->avail_out = static_cast<uInt>(room);
    deflate(deflater_.get(), Z_SYNC_FLUSH);
    compressed.resize(compressed.size() - deflater_->avail_out);
  } while (deflater_->avail_out == 0);
  return compressed;
}

ValueOrTask<std::expected<void, StreamError>> DeflateTransport::send(std::string_view octets,
                                                                     std::chrono::milliseconds timeout) {
  if (octets.empty()) return std::expected<void, StreamError>{};
  return send_compressed(deflated(octets), timeout);
}

Task<std::expected<void, StreamError>> DeflateTransport::send_compressed(std::string compressed,
                                                                         std::chrono::milliseconds timeout) {
  co_return co_await carrier_->send(compressed, timeout);
}

void DeflateTransport::close(std::string_view last_words) {
  carrier_->close(last_words.empty() ? std::string{} : deflated(last_words));
}

std::size_t DeflateTransport::held_octets() const noexcept {
  return (deflater_ ? kDeflaterOctets : 0) + (inflater_ ? kInflaterOctets : 0) + history_.capacity() +
         arrived_.capacity();
}

}  // namespace posthaste::net
