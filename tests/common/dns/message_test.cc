// Packets: what is asked, and what each kind of response means. Octets are from RFC 1035 §4.
#include "common/dns/message.h"

#include <gtest/gtest.h>

#include <functional>

#include "packet.h"

namespace posthaste::dns {
namespace {

using std::chrono::seconds;
using Parsed = std::expected<Response, Unusable>;

TEST(BuildQuery, WritesHeaderQuestionAndOpt) {
  // RD and AD set; one question; one additional record: OPT of 1232 octets, version 0, no DO (RFC 6891 §6.1.2).
  const std::string expected = u16(0xBEEF) + u16(0x0120) + u16(1) + u16(0) + u16(0) + u16(1) +
                               std::string("\4Mail\7example\3org\0", 18) + u16(15) + u16(1) +  //
                               u8(0) + u16(41) + u16(1232) + u32(0) + u16(0);
  EXPECT_EQ(build_query(0xBEEF, "Mail.example.org", Type::mx), expected);
  EXPECT_EQ(build_query(0xBEEF, "Mail.example.org.", Type::mx), expected);
}

TEST(BuildQuery, AnEscapeIsOneOctet) {
  EXPECT_EQ(name_asked(build_query(1, "a\\.b.org", Type::a).value()), "a.b.org");
  EXPECT_EQ(build_query(1, "a\\.b.org", Type::a)->substr(12, 9), std::string("\3a.b\3org\0", 9));
  EXPECT_EQ(build_query(1, "\\000.org", Type::a)->substr(12, 7), std::string("\1\0\3org\0", 7));
}

const std::string kLabel63(63, 'a');

struct NameCase {
  const char* name;
  std::string asked;
  bool is_good;
};

const NameCase kNameCases[] = {
    {"OneLabel", "localhost", true},
    {"Underscores", "_25._tcp.mail.example.org", true},
    {"LabelOf63", kLabel63 + ".org", true},
    // 255 octets on the wire, RFC 1035 §3.1: 3 * 64 + 62 + 1.
    {"NameOf253", kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(61, 'a'), true},
    {"NameOf254", kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + std::string(62, 'a'), false},
    {"LabelOf64", kLabel63 + "a.org", false},
    {"Empty", "", false},
    {"Root", ".", false},
    {"TwoDots", "example..org", false},
    {"DotFirst", ".example.org", false},
    {"DotsAtTheEnd", "example.org..", false},
    {"Space", "mail example.org", false},
    {"NewLine", "example.org\n", false},
    {"Nul", std::string("example\0.org", 12), false},
    {"EightBit", "caf\xc3\xa9.example", false},
    {"EscapeOutOfRange", "a\\256.org", false},
    {"EscapeCutShort", "a\\25", false},
    {"EndlessName", std::string(100'000, 'a'), false},
};

TEST(BuildQuery, KnowsWhatNoQuestionCanHold) {
  for (const auto& test : kNameCases) {
    const auto query = build_query(1, test.asked, Type::a);
    EXPECT_EQ(query.has_value(), test.is_good) << test.name;
  }
}

/// The response to "example.org" and `type`, changed by `change`, as parsed.
Parsed parsed(Type type, const std::function<void(Reply&)>& change) {
  const std::string query = build_query(0x1234, "example.org", type).value();
  Reply reply = reply_to(query);
  change(reply);
  return parse_response(reply.octets(), query);
}

struct ResponseCase {
  const char* name;
  Type type;
  std::function<void(Reply&)> change;
  Parsed expected;
};

Parsed found(std::vector<Record> records, int ttl, std::string canonical_name = "example.org") {
  return Found{{std::move(canonical_name), false, std::move(records)}, seconds{ttl}};
}
Parsed nothing(Failure failure, int ttl) { return Nothing{failure, seconds{ttl}}; }
const Parsed kFailed = ServerFailure{};

const ResponseCase kResponseCases[] = {
    {"A", Type::a,
     [](Reply& r) {
       r.answers = {a("example.org", 300, "192.0.2.1"), a("example.org", 60, "192.0.2.2")};
     },
     found({Address{"192.0.2.1"}, Address{"192.0.2.2"}}, 60)},
    {"Aaaa", Type::aaaa,
     [](Reply& r) {
       r.answers = {rr("example.org", Type::aaaa, 5, std::string("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16))};
     },
     found({Address{"2001:db8::1"}}, 5)},
    {"Mx", Type::mx,
     [](Reply& r) {
       r.answers = {mx("example.org", 5, 10, "Mail.Example.ORG"), mx("example.org", 5, 65535, "b.example")};
     },
     found({Mx{10, "mail.example.org"}, Mx{65535, "b.example"}}, 5)},
    {"NullMx", Type::mx, [](Reply& r) { r.answers = {mx("example.org", 5, 0, "")}; }, found({Mx{0, ""}}, 5)},
    {"TxtStringsAreJoined", Type::txt,
     [](Reply& r) { r.answers = {rr("example.org", Type::txt, 5, std::string("\7v=spf1 \4-all\0", 14))}; },
     found({Txt{"v=spf1 -all"}}, 5)},
    {"TxtHoldsAnyOctet", Type::txt,
     [](Reply& r) { r.answers = {rr("example.org", Type::txt, 5, std::string("\4\0\xff\"\\", 5))}; },
     found({Txt{std::string("\0\xff\"\\", 4)}}, 5)},
    {"Ptr", Type::ptr, [](Reply& r) { r.answers = {rr("example.org", Type::ptr, 5, wire_name("Host.example"))}; },
     found({Ptr{"host.example"}}, 5)},
    {"Tlsa", Type::tlsa,
     [](Reply& r) { r.answers = {rr("example.org", Type::tlsa, 5, std::string("\3\1\1\0\xff", 5))}; },
     found({Tlsa{3, 1, 1, std::string("\0\xff", 2)}}, 5)},
    {"CnameItselfIsNotFollowed", Type::cname, [](Reply& r) { r.answers = {cname("example.org", 5, "b.example")}; },
     found({Cname{"b.example"}}, 5)},
    {"AnOwnerInOtherCaseIsTheSame", Type::a, [](Reply& r) { r.answers = {a("EXAMPLE.org", 5, "192.0.2.1")}; },
     found({Address{"192.0.2.1"}}, 5)},
    {"Authenticated", Type::a,
     [](Reply& r) {
       r.flags |= kAd;
       r.answers = {a("example.org", 5, "192.0.2.1")};
     },
     Found{{"example.org", true, {Address{"192.0.2.1"}}}, seconds{5}}},
    {"ADotInsideALabelIsEscaped", Type::ptr,
     [](Reply& r) { r.answers = {rr("example.org", Type::ptr, 5, std::string("\3a.b\1\0\3org\0", 11))}; },
     found({Ptr{"a\\.b.\\000.org"}}, 5)},
    {"TtlWithItsHighestBitIsNone", Type::a,
     [](Reply& r) { r.answers = {a("example.org", 0x80000001, "192.0.2.1")}; }, found({Address{"192.0.2.1"}}, 0)},

    {"AliasesAreFollowedInAnyOrder", Type::a,
     [](Reply& r) {
       r.answers = {a("c.example", 300, "192.0.2.1"), cname("b.example", 50, "c.example"),
                    cname("example.org", 60, "b.example")};
     },
     found({Address{"192.0.2.1"}}, 50, "c.example")},
    {"RecordsOfOthersAreNotTheAnswer", Type::a,
     [](Reply& r) {
       r.answers = {a("other.example", 5, "192.0.2.66"), a("example.org", 5, "192.0.2.1")};
     },
     found({Address{"192.0.2.1"}}, 5)},
    {"RecordsInOtherSectionsAreNotTheAnswer", Type::a,
     [](Reply& r) { r.additional = {a("example.org", 5, "192.0.2.66")}; }, nothing(Failure::no_data, 0)},
    {"OtherTypesAreNotTheAnswer", Type::mx, [](Reply& r) { r.answers = {a("example.org", 5, "192.0.2.1")}; },
     nothing(Failure::no_data, 0)},
    {"OtherClassesAreNotTheAnswer", Type::a, [](Reply& r) { r.answers = {rr("example.org", 1, 5, "\1\2\3\4", 3)}; },
     nothing(Failure::no_data, 0)},
    {"AnAliasWithoutItsTarget", Type::a, [](Reply& r) { r.answers = {cname("example.org", 5, "B.Example")}; },
     Alias{"b.example", false, seconds{5}}},
    {"AnAliasOfWhatHasNoData", Type::a,
     [](Reply& r) {
       r.answers = {cname("example.org", 5, "b.example")};
       r.authority = {soa("example", 300, 60)};
     },
     nothing(Failure::no_data, 5)},
    {"AnAliasOfWhatDoesNotExist", Type::a,
     [](Reply& r) {
       r.flags |= kNxDomain;
       r.answers = {cname("example.org", 300, "b.example")};
       r.authority = {soa("example", 300, 60)};
     },
     nothing(Failure::no_such_name, 60)},
    {"AnAliasOfItself", Type::a, [](Reply& r) { r.answers = {cname("example.org", 5, "example.org")}; }, kFailed},
    {"TwoAliasesOfEachOther", Type::a,
     [](Reply& r) {
       r.answers = {cname("example.org", 5, "b.example"), cname("b.example", 5, "example.org")};
     },
     kFailed},

    {"NoSuchName", Type::a,
     [](Reply& r) {
       r.flags |= kNxDomain;
       r.authority = {soa("org", 300, 900)};
     },
     nothing(Failure::no_such_name, 300)},
    {"NoData", Type::a, [](Reply& r) { r.authority = {soa("org", 900, 300)}; }, nothing(Failure::no_data, 300)},
    {"NoSuchNameWithoutSoa", Type::a, [](Reply& r) { r.flags |= kNxDomain; }, nothing(Failure::no_such_name, 0)},
    {"NoDataWithoutSoa", Type::a, [](Reply&) {}, nothing(Failure::no_data, 0)},
    {"AReferralIsNoAnswer", Type::a, [](Reply& r) { r.authority = {rr("org", kNs, 300, wire_name("ns.example"))}; },
     kFailed},

    {"ServFail", Type::a, [](Reply& r) { r.flags |= kServFail; }, kFailed},
    {"Refused", Type::a, [](Reply& r) { r.flags |= kRefused; }, kFailed},
    {"FormErr", Type::a, [](Reply& r) { r.flags |= kFormErr; }, kFailed},
    {"BadVers", Type::a,  // extended code 16, RFC 6891 §9
     [](Reply& r) { r.additional = {u8(0) + u16(41) + u16(1232) + u32(0x01000000) + u16(0)}; }, kFailed},
    {"ServFailWithAnAnswerIsNone", Type::a,
     [](Reply& r) {
       r.flags |= kServFail;
       r.answers = {a("example.org", 5, "192.0.2.1")};
     },
     kFailed},
    {"AnAddressOfThreeOctets", Type::a, [](Reply& r) { r.answers = {rr("example.org", Type::a, 5, "\1\2\3")}; },
     kFailed},
    {"AnAddressOfNone", Type::a, [](Reply& r) { r.answers = {rr("example.org", Type::a, 5, "")}; }, kFailed},
    {"AnMxWithoutExchange", Type::mx, [](Reply& r) { r.answers = {rr("example.org", Type::mx, 5, u16(10))}; },
     kFailed},
    {"ATxtStringLongerThanItsRecord", Type::txt,
     [](Reply& r) { r.answers = {rr("example.org", Type::txt, 5, "\11abc")}; }, kFailed},
    {"ANameThatPointsAtItself", Type::ptr,  // the record's data begins at octet 12 + 17 + 13 + 10 = 52
     [](Reply& r) { r.answers = {rr("example.org", Type::ptr, 5, u16(0xC000 | 52U))}; }, kFailed},
    {"FewerRecordsThanCounted", Type::a,
     [](Reply& r) {
       r.answers = {a("example.org", 5, "192.0.2.1"), ""};
     },
     kFailed},

    {"Truncated", Type::a, [](Reply& r) { r.flags |= kTc; }, std::unexpected(Unusable::truncated)},
    {"OtherId", Type::a, [](Reply& r) { r.id = 0x1235; }, std::unexpected(Unusable::not_ours)},
    {"AQuestionIsNoAnswer", Type::a, [](Reply& r) { r.flags &= ~unsigned{kQr}; },
     std::unexpected(Unusable::not_ours)},
    {"ANotifyIsNoAnswer", Type::a, [](Reply& r) { r.flags |= 4U << 11U; }, std::unexpected(Unusable::not_ours)},
    {"NoQuestion", Type::a, [](Reply& r) { r.questions.clear(); }, std::unexpected(Unusable::not_ours)},
    {"TwoQuestions", Type::a, [](Reply& r) { r.questions.push_back(r.questions.front()); },
     std::unexpected(Unusable::not_ours)},
    {"OtherName", Type::a, [](Reply& r) { r.questions = {wire_name("example.net") + u16(1) + u16(1)}; },
     std::unexpected(Unusable::not_ours)},
    {"OtherType", Type::a, [](Reply& r) { r.questions = {wire_name("example.org") + u16(28) + u16(1)}; },
     std::unexpected(Unusable::not_ours)},
    {"OtherCase", Type::a, [](Reply& r) { r.questions = {wire_name("example.oRg") + u16(1) + u16(1)}; },
     std::unexpected(Unusable::misspelled)},
};

TEST(ParseResponse, SaysWhatItMeans) {
  for (const auto& test : kResponseCases) EXPECT_EQ(parsed(test.type, test.change), test.expected) << test.name;
}

TEST(ParseResponse, FollowsAliasesToABound) {
  const auto chain = [](std::size_t aliases) {
    return parsed(Type::a, [&](Reply& reply) {
      std::string name = "example.org";
      for (std::size_t i = 0; i < aliases; ++i) {
        const std::string next = "c" + std::to_string(i) + ".example";
        reply.answers.push_back(cname(name, 60, next));
        name = next;
      }
      reply.answers.push_back(a(name, 60, "192.0.2.1"));
    });
  };
  EXPECT_EQ(chain(8), found({Address{"192.0.2.1"}}, 60, "c7.example"));
  EXPECT_EQ(chain(9), kFailed);
}

TEST(ParseResponse, UnderstandsCompressedNames) {
  const std::string query = build_query(7, "example.org", Type::mx).value();
  Reply reply = reply_to(query);
  // The owner points at the question; the exchange is "mail" before a pointer at it (RFC 1035 §4.1.4).
  const std::string exchange = std::string("\4mail") + u16(0xC00C);
  reply.answers = {u16(0xC00C) + u16(15) + u16(1) + u32(60) + u16(2 + 7) + u16(10) + exchange};
  EXPECT_EQ(parse_response(reply.octets(), query), found({Mx{10, "mail.example.org"}}, 60));
}

TEST(ParseResponse, HalfAPacketIsNeverAnAnswer) {
  const std::string query = build_query(7, "example.org", Type::mx).value();
  Reply reply = reply_to(query);
  reply.answers = {mx("example.org", 60, 10, "mail.example.org"), mx("example.org", 60, 20, "b.example.org")};
  const std::string whole = reply.octets();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto half = parse_response(std::string_view{whole}.substr(0, size), query);
    EXPECT_TRUE(!half || *half == Response{ServerFailure{}}) << size;
  }
}

}  // namespace
}  // namespace posthaste::dns
