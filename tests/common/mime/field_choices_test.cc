#include "common/mime/field_choices.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/mime/header.h"

namespace posthaste::mime {
namespace {

std::vector<std::string> choose(const FieldChoices& choices, std::string_view header) {
  std::vector<std::string> chosen(choices.size());
  choices.choose(header, [&chosen](std::size_t choice, std::string_view octets) { chosen[choice] += octets; });
  return chosen;
}

using Chosen = std::vector<std::string>;

TEST(FieldChoices, EachIsInTheOrderOfTheHeader) {
  const std::vector<std::string> people = {"TO", "cc"};
  const std::vector<std::string> subject = {"Subject", "To"};
  FieldChoices choices;
  choices.add(people, true);
  choices.add(subject, true);
  choices.add(subject, false);
  choices.add({}, true);
  choices.add({}, false);
  const std::string_view header = "To: a\r\nSubject: x\r\n y\r\nCc: b\r\njunk\r\nto: c\r\n\r\n";
  EXPECT_EQ(choose(choices, header),
            (Chosen{"To: a\r\nCc: b\r\nto: c\r\n\r\n", "To: a\r\nSubject: x\r\n y\r\nto: c\r\n\r\n",
                    "Cc: b\r\njunk\r\n\r\n", "\r\n", std::string{header}}));
}

TEST(FieldChoices, OfNoHeaderAreEmpty) {
  FieldChoices choices;
  EXPECT_EQ(choose(choices, "To: a\r\n\r\n"), Chosen{});
  choices.add({}, true);
  EXPECT_EQ(choose(choices, ""), Chosen{""});
  EXPECT_EQ(choose(choices, "To: a\r\n"), Chosen{""});  // no body and no empty line (RFC 9051 §6.4.5)
}

TEST(FieldChoices, AsManyAsThereMayBeWithManyNames) {
  std::string header;
  FieldChoices choices;
  std::vector<std::vector<std::string>> lists;
  for (std::size_t i = 0; i < FieldChoices::kMax; ++i) {
    header += "X-Field-" + std::to_string(i) + ": a\r\n";
    std::vector<std::string> names;
    for (std::size_t j = 0; j < 10; ++j) names.push_back("x-FIELD-" + std::to_string(i + 7 * j));
    lists.push_back(std::move(names));
  }
  header += "X-Field-1: again\r\nA-Longer-Name-Than-All-Others: b\r\n\r\n";
  Chosen expected;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    choices.add(lists[i], i % 2 == 0);
    expected.push_back(i % 2 == 0 ? header_fields(header, lists[i]) : header_fields_not(header, lists[i]));
  }
  EXPECT_EQ(choose(choices, header), expected);
}

}  // namespace
}  // namespace posthaste::mime
