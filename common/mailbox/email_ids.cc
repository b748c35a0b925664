#include "common/mailbox/email_ids.h"

#include <algorithm>

#include "common/base/base64.h"
#include "common/base/octet_codec.h"

namespace posthaste::mailbox {
namespace {

constexpr char kLetter = 'M';
constexpr std::string_view kPadding = "==";  // of 16 octets; ids go without

}  // namespace

EmailIds::EmailIds(const ObjectKey& key, UserId user) : user_(user), cipher_(key.octets) {}

std::string EmailIds::id_of(BlobId blob) const {
  std::string numbers;
  OctetWriter(numbers).put(user_).put(blob);
  std::string id = kLetter + base64_encode(cipher_.encrypt(numbers));
  id.resize(id.size() - kPadding.size());
  std::ranges::replace(id, '+', '-');
  std::ranges::replace(id, '/', '_');
  return id;
}

std::optional<BlobId> EmailIds::blob_of(std::string_view id) const {
  if (!id.starts_with(kLetter) || id.find_first_of("+/") != std::string_view::npos) return std::nullopt;
  std::string base64(id.substr(1));
  std::ranges::replace(base64, '-', '+');
  std::ranges::replace(base64, '_', '/');
  const auto octets = base64_decode(base64.append(kPadding));
  if (!octets || octets->size() != sizeof(UserId) + sizeof(BlobId)) return std::nullopt;
  const std::string numbers = cipher_.decrypt(*octets);
  OctetReader reader(numbers);
  const auto user = reader.take<UserId>();
  const auto blob = reader.take<BlobId>();
  if (user != user_ || id_of(blob) != id) return std::nullopt;
  return blob;
}

}  // namespace posthaste::mailbox
