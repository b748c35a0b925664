#include "common/config/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "common/config/layout.h"
#include "common/config/table.h"

namespace posthaste::config {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Wrong {
  const char* name;
  const char* text;
  ConfigError error;
};

const Wrong kWrong[] = {
    {"UnknownKeyIsNamedWithItsNearest",
     "\n[smtp]\nmessage_max_octet = 1",
     {3, "unknown key \"smtp.message_max_octet\"; did you mean \"message_max_octets\"?"}},
    {"UnknownSectionIsNamedWithItsNearest", "[smpt]\n", {1, "unknown key \"smpt\"; did you mean \"smtp\"?"}},
    {"NothingNearMeansNoSuggestion", "zzzzzzzzzzzz = 1", {1, "unknown key \"zzzzzzzzzzzz\""}},
    {"KeyOutsideItsSectionIsUnknown", "port_base = 1", {1, "unknown key \"port_base\""}},
    {"UnknownKeyIsEscaped", "\"a\\nb\" = 1", {1, "unknown key \"a\\x0ab\""}},
    {"SubtableIsUnknown", "[smtp.inner]\na = 1", {1, "unknown key \"smtp.inner\""}},
    {"TextIsNotANumber",
     "[listen]\nport_base = \"25\"",
     {2, "\"listen.port_base\" must be a whole number from 0 to 64540 (a port number)"}},
    {"FractionIsNotAWholeNumber",
     "[imap]\n\nidle_timeout_s = 1800.0",
     {3, "\"imap.idle_timeout_s\" must be a whole number from 1 to 86400 (seconds)"}},
    {"NumberBelowItsRange",
     "[smtp]\nrecipients_max = 99",
     {2, "\"smtp.recipients_max\" must be a whole number from 100 to 100000 (recipients)"}},
    {"NumberAboveItsRange",
     "[listen]\nport_base = 64541",
     {2, "\"listen.port_base\" must be a whole number from 0 to 64540 (a port number)"}},
    {"FlagIsNotText",
     "[submission]\nrequire_tls = \"yes\"",
     {2, "\"submission.require_tls\" must be true or false"}},
    {"FlagIsNotANumber", "[auth]\nallow_plaintext = 1", {2, "\"auth.allow_plaintext\" must be true or false"}},
    {"ChoiceIsOneOfItsWords", "[log]\nformat = \"xml\"", {2, "\"log.format\" must be \"text\" or \"json\""}},
    {"HostnameHoldsNoSpace", "hostname = \"mail example\"", {1, "\"hostname\" must be a host name"}},
    {"HostnameEndsWithoutDot", "hostname = \"example.org.\"", {1, "\"hostname\" must be a host name"}},
    {"DelimiterIsOneMark",
     "[delivery]\nrecipient_delimiter = \"+-\"",
     {2, "\"delivery.recipient_delimiter\" must be one mark such as \"+\", or nothing"}},
    {"DelimiterIsNoLetter",
     "[delivery]\nrecipient_delimiter = \"a\"",
     {2, "\"delivery.recipient_delimiter\" must be one mark such as \"+\", or nothing"}},
    {"AddressIsNumeric",
     "[listen]\naddresses = [\"localhost\"]",
     {2, "\"listen.addresses\" must be a list, each entry an IP address; \"localhost\" is not"}},
    {"AnEntryIsQuoted",
     "[listen]\naddresses = [\"::1\", 4]",
     {2, "\"listen.addresses\" must be a list, each entry an IP address, in quotes; entry 2 is not"}},
    {"AddressesAreNotEmpty",
     "[listen]\naddresses = []",
     {2, "\"listen.addresses\" must be a list, each entry an IP address, and not empty"}},
    {"AddressesAreAList",
     "[listen]\naddresses = \"::\"",
     {2, "\"listen.addresses\" must be a list, each entry an IP address: [\"...\", \"...\"]"}},
    {"ServerIsNumeric",
     "[dns]\nservers = [\"192.0.2.1\", \"ns.example.org\"]",
     {2,
      "\"dns.servers\" must be a list, each entry an IP address, or one with a port; \"ns.example.org\" is not"}},
    {"ServersPortIsAPort",
     "[dns]\nservers = [\"192.0.2.1:65536\"]",
     {2,
      "\"dns.servers\" must be a list, each entry an IP address, or one with a port; \"192.0.2.1:65536\" is not"}},
    {"TheFirstRetryIsNotAboveTheLongest",
     "[queue]\nretry_delay_min_s = 20000",
     {2, "\"queue.retry_delay_min_s\" (20000) is above \"queue.retry_delay_max_s\" (14400)"}},
    {"TheLongestRetryIsNotBelowTheFirst",
     "[queue]\n\nretry_delay_max_s = 60",
     {3, "\"queue.retry_delay_min_s\" (300) is above \"queue.retry_delay_max_s\" (60)"}},
    {"TheFirstDelayOfALoginIsNotAboveTheLongest",
     "[auth]\nfailure_delay_max_ms = 10\nfailure_delay_ms = 11",
     {3, "\"auth.failure_delay_ms\" (11) is above \"auth.failure_delay_max_ms\" (10)"}},
    {"PathIsNotEmpty", "[paths]\nstore = \"\"", {2, "\"paths.store\" must be a path"}},
    {"SectionIsNotAValue", "\nlog = \"stderr\"", {2, "\"log\" is a section: [log]"}},
};

TEST(Config, WrongLinesAreToldWithTheirLine) {
  for (const auto& wrong : kWrong) {
    const auto config = parse(wrong.text);
    ASSERT_FALSE(config) << wrong.name;
    ASSERT_EQ(config.error().size(), 1U) << wrong.name;
    EXPECT_EQ(config.error()[0].line, wrong.error.line) << wrong.name;
    EXPECT_EQ(config.error()[0].text, wrong.error.text) << wrong.name;
  }
}

TEST(Config, WhatIsNotTomlIsOneErrorAtItsLine) {
  for (const auto* text : {"\n\nx", "\n\na = ", "a = 1\nb = 2\na = 3", "\n\n[smtp", "\n\n\"\xff\" = 1"}) {
    const auto config = parse(text);
    ASSERT_FALSE(config) << text;
    ASSERT_EQ(config.error().size(), 1U) << text;
    EXPECT_EQ(config.error()[0].line, 3U) << text;
    EXPECT_FALSE(config.error()[0].text.empty()) << text;
  }
}

TEST(Config, AllErrorsComeAtOnceInTheOrderOfLines) {
  const auto config = parse("user = 1\n[smtp]\nzzzzzzzzzzz = 1\nrecipients_max = 0\n[imap]\nconnections_max = 0\n");
  ASSERT_FALSE(config);
  ASSERT_EQ(config.error().size(), 4U);
  EXPECT_EQ(config.error()[0].line, 1U);
  EXPECT_EQ(config.error()[1].line, 3U);
  EXPECT_EQ(config.error()[2].line, 4U);
  EXPECT_EQ(config.error()[3].line, 6U);
}

TEST(Config, EmptyFileIsTheDefaults) {
  const auto config = parse("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen.addresses, (std::vector<std::string>{"0.0.0.0", "::"}));
  EXPECT_EQ(config->listen.port_base, 0);
  EXPECT_EQ(config->smtp.message_max_octets, 52'428'800U);
  EXPECT_EQ(config->smtp.recipients_max, 1'000U);
  EXPECT_EQ(config->smtp.session_timeout, std::chrono::minutes{5});
  EXPECT_TRUE(config->submission.require_tls);
  EXPECT_FALSE(config->auth.allow_plaintext);
  EXPECT_EQ(config->log.format, LogFormat::text);
  EXPECT_EQ(config->log.level, LogLevel::info);
}

TEST(Config, GivenValuesReplaceTheDefaults) {
  const auto config = parse(
      "hostname = \"mail.example.org\"\nuser = \"mail\"\n"
      "[listen]\naddresses = [\"127.0.0.1\", \"::1\"]\nport_base = 20000\nlmtp_port = false\n"
      "[delivery]\nrecipient_delimiter = \"\"\n"
      "[dns]\nservers = [\"192.0.2.1\", \"192.0.2.1:5353\", \"2001:db8::1\", \"[2001:db8::1]:53\"]\n"
      "[store]\nmap_octets = 68719476736\n"
      "[auth]\nfailure_delay_ms = 250\n"
      "[log]\nformat = \"json\"\nlevel = \"warning\"\ndestination = \"stderr\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->hostname, "mail.example.org");
  EXPECT_EQ(config->user, "mail");
  EXPECT_EQ(config->listen.addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(config->listen.port_base, 20'000);
  EXPECT_FALSE(config->listen.lmtp_port);
  EXPECT_EQ(config->delivery.recipient_delimiter, "");
  EXPECT_EQ(config->dns.servers.size(), 4U);
  EXPECT_EQ(config->store.map_octets, 68'719'476'736U);
  EXPECT_EQ(config->auth.failure_delay, std::chrono::milliseconds{250});
  EXPECT_EQ(config->log.format, LogFormat::json);
  EXPECT_EQ(config->log.level, LogLevel::warning);
  EXPECT_EQ(log_file(*config, "smtpd"), std::nullopt);
}

TEST(Config, SampleIsTheDefaultsAndNamesEveryKey) {
  const auto text = sample();
  const auto config = parse(text);
  ASSERT_TRUE(config) << config.error()[0].line << ": " << config.error()[0].text;
  EXPECT_EQ(config->paths.private_key, Paths{}.private_key);
  EXPECT_EQ(config->log.destination, Log{}.destination);
  for (const auto& section : sections()) {
    for (const auto& key : section.keys) {
      EXPECT_NE(text.find("\n" + std::string{key.name} + " = "), std::string::npos) << key.name;
      EXPECT_FALSE(key.comment.empty()) << key.name;
    }
  }
}

TEST(Config, EveryDefaultLiesInItsRange) {
  for (const auto& section : sections()) {
    for (const auto& key : section.keys) {
      const auto* number = std::get_if<Number>(&key.kind);
      if (number == nullptr) continue;
      EXPECT_GE(number->get(Config{}), number->min) << key.name;
      EXPECT_LE(number->get(Config{}), number->max) << key.name;
    }
  }
}

/// What must stand beside a key for both ends of its range to be right.
const std::map<std::string_view, std::string> kBeside = {{"retry_delay_min_s", "retry_delay_max_s = 604800\n"},
                                                         {"retry_delay_max_s", "retry_delay_min_s = 1\n"},
                                                         {"failure_delay_ms", "failure_delay_max_ms = 60000\n"},
                                                         {"failure_delay_max_ms", "failure_delay_ms = 0\n"}};

TEST(Config, BothEndsOfARangeAreTakenAndKept) {
  for (const auto& section : sections()) {
    for (const auto& key : section.keys) {
      const auto* number = std::get_if<Number>(&key.kind);
      if (number == nullptr) continue;
      const auto found = kBeside.find(key.name);
      const std::string beside = found == kBeside.end() ? "" : found->second;
      for (const auto value : {number->min, number->max}) {
        const auto config = parse("[" + std::string{section.name} + "]\n" + beside + std::string{key.name} + " = " +
                                  std::to_string(value));
        ASSERT_TRUE(config) << key.name;
        EXPECT_EQ(number->get(*config), value) << key.name;
      }
    }
  }
}

TEST(Config, SampleInTheTreeIsTheOneWePrint) {
  EXPECT_EQ(read_file(std::filesystem::path{POSTHASTE_SOURCE_DIR} / "etc/posthaste.toml"), sample());
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "config_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigFile() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(std::string_view text) const {
    auto path = folder_ / kFileName;
    std::ofstream{path, std::ios::binary} << text;
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFile, PathsStartAtTheFolderOfTheFile) {
  const auto config = load(write("[listen]\nport_base = 20000\n[paths]\ndirectory = \"/var/lib/directory\"\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->paths.store, folder_ / "store");
  EXPECT_EQ(config->paths.certificate, folder_ / "tls/cert.pem");
  EXPECT_EQ(config->paths.directory, "/var/lib/directory");
  EXPECT_EQ(lmtp_socket(*config), folder_ / "run/lmtp.sock");
  EXPECT_EQ(store_socket(*config), folder_ / "run/store.sock");
  EXPECT_EQ(control_socket(*config, "smtpd"), folder_ / "run/smtpd.sock");
  EXPECT_EQ(pid_file(*config, "imapd"), folder_ / "run/imapd.pid");
  EXPECT_EQ(log_file(*config, "imapd"), folder_ / "log/imapd.log");
  EXPECT_EQ(port(*config, kSmtpPort), 20'025);
  EXPECT_EQ(port(*config, kSubmissionPort), 20'587);
  EXPECT_EQ(port(*config, kSubmissionsPort), 20'465);
  EXPECT_EQ(port(*config, kPop3sPort), 20'995);
  EXPECT_EQ(port(*config, kLmtpPort), 20'024);
}

TEST_F(ConfigFile, DataFolderMovesWhatIsRelative) {
  const auto config = load(write("[paths]\ndata = \"data\"\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->paths.run, folder_ / "data/run");
  EXPECT_EQ(log_file(*config, "pop3d"), folder_ / "data/log/pop3d.log");
}

TEST_F(ConfigFile, EmptyHostnameBecomesTheMachines) {
  const auto config = load(write(""));
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->hostname.empty());
}

TEST_F(ConfigFile, MissingFileIsAnErrorWithoutLine) {
  const auto config = load(folder_ / "missing.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error()[0].line, 0U);
  EXPECT_NE(config.error()[0].text.find("missing.toml"), std::string::npos);
}

TEST_F(ConfigFile, FolderInPlaceOfTheFileIsAnError) { EXPECT_FALSE(load(folder_)); }

}  // namespace
}  // namespace posthaste::config
