#include "control/commit/proposal.h"

#include <gtest/gtest.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;
using zones::VersionRef;
using zones::test::records_of;
using zones::test::zone_of;

constexpr const char* kApex = "example.com.";
constexpr const char* kContent = "www 300 A 192.0.2.2\n";

std::string text(uint32_t serial, const std::string& more = kContent) {
  return "@ 300 SOA ns.test. host.test. " + std::to_string(serial) + " 3600 600 86400 300\n@ 300 NS ns.test.\n" + more;
}

const Proposal& made(const Outcome<Proposal>& outcome) {
  static const Proposal none{};
  const auto* proposal = std::get_if<Proposal>(&outcome);
  if (proposal == nullptr) ADD_FAILURE() << std::get<Failure>(outcome).reason;
  return proposal != nullptr ? *proposal : none;
}
std::string refused(const Outcome<Proposal>& outcome) {
  const auto* failure = std::get_if<Failure>(&outcome);
  return failure != nullptr ? failure->reason : "";
}

class ProposalTest : public testing::Test {
 protected:
  Compose adding(const std::string& record) {
    return [record](zones::Draft& draft) -> std::optional<Failure> {
      const VersionRef source = zone_of(kApex, text(1, record));
      source->for_each_record([&](const zones::Record& r) {
        if (r.type != zones::rrtype::SOA && r.type != zones::rrtype::NS)
          draft.apply(zones::Edit(zones::Edit::Kind::add, zones::OwnedRecord(r)));
      });
      return std::nullopt;
    };
  }
  static NewContent content(const std::string& zone) {
    auto parsed = zones::parse_zone(zones::ZoneSource::of_text(zone, "a file"), name(kApex));
    NewContent content{std::move(std::get<zones::ZoneText>(parsed)), {}};
    content.fresh = zones::ZoneVersion::build(content.text.records);
    return content;
  }
  static VersionRef with(const VersionRef& version, const std::function<void(zones::Attributes&)>& change) {
    zones::Attributes attributes = version->attributes();
    change(attributes);
    return version->apply({}, version->soa_record(), std::move(attributes));
  }
  static VersionRef with_secondaries(const VersionRef& version) {
    return with(version, [](zones::Attributes& attributes) {
      zones::SecondaryDns settings;
      settings.enabled = true;
      settings.servers = {name("ns1.secondary.test.")};
      settings.secondaries.resize(1);
      attributes.secondary_dns = std::make_shared<const zones::SecondaryDns>(settings);
    });
  }
  static bool has(const VersionRef& version, const std::string& record) {
    const auto all = records_of(*version);
    return std::ranges::any_of(all, [&](const std::string& r) { return r.find(record) != std::string::npos; });
  }

  const VersionRef base_ = zone_of(kApex, text(10));
  const ProposalRules rules_{{}, size_t{1} << 20, 1'700'000'000};
};

TEST_F(ProposalTest, WhateverIsAskedForLeavesTheSameMarks) {
  const auto increment = with(base_, [](auto& a) { a.serial_policy = zones::SerialPolicy::increment; });
  zones::Delta delta;
  delta.added.push_back(zones::OwnedRecord(zones::Record{name("x.example.com."), zones::rrtype::TXT, 60, {}}));
  delta.added.back().rdata = std::string("\1x");
  const auto edited = propose_edits(increment, adding("x 60 TXT x\n"), rules_);
  const auto imported = propose_content(increment, content(text(10, std::string(kContent) + "x 60 TXT x\n")), rules_);
  const auto enabled = propose_secondary(
      increment,
      [](const zones::ZoneVersion&) {
        zones::SecondaryDns settings;
        settings.enabled = true;
        settings.servers = {name("ns1.secondary.test.")};
        return settings;
      },
      rules_);
  for (const auto* outcome : {&edited, &imported, &enabled}) {
    const Proposal& proposal = made(*outcome);
    EXPECT_EQ(proposal.base, increment);
    EXPECT_EQ(proposal.next->serial(), 11U);
    EXPECT_EQ(proposal.delta.added.size(), 1U);
    ASSERT_TRUE(proposal.next->history());
    EXPECT_EQ(proposal.next->history()->steps().back()->time(), rules_.now);
    EXPECT_EQ(proposal.next->history()->since(10)->delta.added.size(), 1U);
  }
}

TEST_F(ProposalTest, NothingToDoIsTheSameVersion) {
  EXPECT_FALSE(made(propose_edits(base_, adding(kContent), rules_)).changes());
  EXPECT_FALSE(made(propose_content(base_, content(text(10)), rules_)).changes());
  EXPECT_FALSE(made(propose_policy(base_, base_->attributes().serial_policy)).changes());
}

TEST_F(ProposalTest, TheNamesOfSecondariesStayWhoeverWritesTheZone) {
  const VersionRef enabled = with_secondaries(base_);
  EXPECT_TRUE(has(made(propose_edits(enabled, adding("x 60 TXT x\n"), rules_)).next, "ns1.secondary.test."));
  EXPECT_TRUE(has(made(propose_content(enabled, content(text(20)), rules_)).next, "ns1.secondary.test."));
  const Compose other_servers = [](zones::Draft& draft) -> std::optional<Failure> {
    const zones::OwnedRecord all(zones::Record{name(kApex), zones::rrtype::NS, 0, {}});
    const zones::Name other = name("ns9.test.");
    draft.apply(zones::Edit(zones::Edit::Kind::remove_rrset, all));
    draft.apply(zones::Edit(zones::Edit::Kind::add, zones::OwnedRecord(zones::Record{name(kApex), zones::rrtype::NS, 60,
                                                                                     other.view().bytes()})));
    return std::nullopt;
  };
  const VersionRef replaced = made(propose_edits(enabled, other_servers, rules_)).next;
  EXPECT_TRUE(has(replaced, "ns1.secondary.test."));
  EXPECT_TRUE(has(replaced, "ns9.test."));
  const auto names = replaced->records_at(name(kApex));
  EXPECT_EQ(std::ranges::count(names, zones::rrtype::NS, &zones::OwnedRecord::type), 2) << "ns.test. is gone";
}

// Secondary DNS whose ending waits for the parent zone: its names are out, and nobody brings them back but enable.
class EndingProposalTest : public ProposalTest {
 protected:
  static constexpr const char* kServer = "ns1.secondary.test.";
  SecondaryEdit making(const std::function<void(zones::SecondaryDns&)>& change) const {
    return [change](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
      zones::SecondaryDns settings =
          zone.attributes().secondary_dns ? *zone.attributes().secondary_dns : zones::SecondaryDns{};
      change(settings);
      return settings;
    };
  }
  static Compose adding_server() {
    return [](zones::Draft& draft) -> std::optional<Failure> {
      const zones::Name server = name(kServer);
      draft.apply(zones::Edit(zones::Edit::Kind::add, zones::OwnedRecord(zones::Record{name(kApex), zones::rrtype::NS,
                                                                                       300, server.view().bytes()})));
      return std::nullopt;
    };
  }
  const VersionRef enabled_ = made(propose_secondary(base_, making([](auto& s) {
                                                       s.enabled = true;
                                                       s.servers = {name(kServer)};
                                                       s.secondaries.resize(1);
                                                     }),
                                                     rules_))
                                  .next;
  const VersionRef ending_ = made(propose_secondary(enabled_, making([](auto& s) {
                                                      s.ending = zones::Ending{7, s.added};
                                                    }),
                                                    rules_))
                                 .next;
};

TEST_F(EndingProposalTest, TheNamesLeaveAtOnceAndTheAddressesStay) {
  ASSERT_TRUE(has(enabled_, kServer));
  EXPECT_FALSE(has(ending_, kServer));
  EXPECT_TRUE(has(ending_, "ns.test."));
  EXPECT_TRUE(zones::serial_newer(ending_->serial(), enabled_->serial()));
  const auto* settings = ending_->attributes().enabled_secondaries();
  ASSERT_NE(settings, nullptr);
  EXPECT_EQ(settings->secondaries.size(), 1U);
  EXPECT_EQ(settings->ending->leaving, std::vector{name(kServer)});
  EXPECT_TRUE(settings->added.empty());
}

TEST_F(EndingProposalTest, NobodyBringsThemBackBesideOtherChanges) {
  const auto edited = propose_edits(ending_, adding_server(), rules_);
  EXPECT_FALSE(made(edited).changes()) << "there is nothing else in it";
  ASSERT_EQ(made(edited).warnings.texts().size(), 1U);
  EXPECT_NE(made(edited).warnings.texts().front().find("stays out of the zone"), std::string::npos);
  const std::string file = text(4'000'000, std::string(kContent) + "@ 300 NS ns1.secondary.test.\nx 60 TXT x\n");
  const auto imported = propose_content(ending_, content(file), rules_);
  EXPECT_FALSE(has(made(imported).next, kServer));
  EXPECT_TRUE(has(made(imported).next, "x.example.com.")) << "the rest is taken";
  EXPECT_FALSE(made(imported).warnings.empty());
  NewContent strict = content(file);
  strict.strict = true;
  EXPECT_NE(refused(propose_content(ending_, strict, rules_)), "");
  const auto other = propose_edits(ending_, adding("y 60 TXT y\n"), rules_);
  EXPECT_FALSE(has(made(other).next, kServer));
  EXPECT_TRUE(made(other).warnings.empty());
  const auto settled =
      propose_secondary(ending_, making([](auto& s) { s.servers.push_back(name("ns2.test.")); }), rules_);
  EXPECT_EQ(made(settled).next->serial(), ending_->serial()) << "other names of a provider stay out, too";
}

TEST_F(EndingProposalTest, EnableBringsThemBackAndDisableEndsIt) {
  const VersionRef back = made(propose_secondary(ending_, making([](auto& s) { s.ending.reset(); }), rules_)).next;
  EXPECT_TRUE(has(back, kServer));
  EXPECT_EQ(back->attributes().secondary_dns->added, std::vector{name(kServer)});
  const VersionRef over = made(propose_secondary(ending_, making([](auto& s) { s.disable(); }), rules_)).next;
  EXPECT_FALSE(has(over, kServer));
  EXPECT_EQ(over->serial(), ending_->serial()) << "a secondary sees nothing of it";
  EXPECT_EQ(over->attributes().enabled_secondaries(), nullptr);
  EXPECT_TRUE(has(made(propose_edits(over, adding_server(), rules_)).next, kServer)) << "it is a name like any other";
}

TEST_F(ProposalTest, UrlRecordsKeepTheirAddressesWhereNoneAreStated) {
  zones::Addresses addresses;
  addresses.a = {true, 60, std::string("\xC0\0\2\7", 4)};
  ProposalRules stated = rules_;
  stated.url_addresses = addresses;
  const std::string zone = text(10, "go 300 URL https://www.example.net/\n");
  const VersionRef with_url = made(propose_new(content(zone), nullptr, stated)).next;
  ASSERT_TRUE(has(with_url, "192.0.2.7"));
  EXPECT_TRUE(has(made(propose_edits(with_url, adding("x 60 TXT x\n"), rules_)).next, "192.0.2.7"));
  const std::string newer = text(11, "go 300 URL https://www.example.net/\n");
  EXPECT_TRUE(has(made(propose_content(with_url, content(newer), rules_)).next, "192.0.2.7"));
}

TEST_F(ProposalTest, AZoneThatCameBackIsNewerThanItWas) {
  const Tombstone gone{20, 0, zones::SerialPolicy::increment};
  const auto back = propose_new(content(text(10)), &gone, rules_);
  EXPECT_EQ(made(back).next->serial(), 21U);
  EXPECT_FALSE(made(back).warnings.empty());
  const Tombstone kept{20, 0, zones::SerialPolicy::keep};
  EXPECT_NE(refused(propose_new(content(text(10)), &kept, rules_)).find("state a SOA with serial 21"),
            std::string::npos);
}

TEST_F(ProposalTest, AFollowedZoneIsNotChangedHereAndALocalOneFollowsNobody) {
  const VersionRef replica = with(base_, [](zones::Attributes& attributes) {
    attributes.origin = std::make_shared<const zones::Origin>(zones::Origin{zones::Origin::Kind::replica, {}, {}, {}});
  });
  for (const auto& outcome :
       {propose_edits(replica, adding("x 60 TXT x\n"), rules_), propose_content(replica, content(text(20)), rules_),
        propose_secondary(
            replica, [](const zones::ZoneVersion&) { return zones::SecondaryDns{}; }, rules_),
        propose_policy(replica, zones::SerialPolicy::keep), propose_higher_serial(replica, 50, rules_)})
    EXPECT_NE(refused(outcome).find("followed from elsewhere"), std::string::npos) << refused(outcome);

  GivenChange given{{}, replica->soa_record(), replica->attributes()};
  zones::set_soa_serial(given.soa, 4711);
  EXPECT_NE(refused(propose_given(base_, given, rules_)).find("follows nobody"), std::string::npos);
  const auto taken = propose_given(replica, given, rules_);
  EXPECT_EQ(made(taken).next->serial(), 4711U);
  zones::set_soa_serial(given.soa, 10);
  EXPECT_NE(refused(propose_given(replica, given, rules_)), "") << "not newer";
  zones::set_soa_serial(given.soa, 4712);
  given.delta.removed.push_back(zones::OwnedRecord(zones::Record{name("x.example.com."), zones::rrtype::TXT, 60, {}}));
  given.delta.removed.back().rdata = std::string("\1x");
  EXPECT_NE(refused(propose_given(replica, given, rules_)), "") << "removes what is not there";
}

TEST_F(ProposalTest, AReplicaDerivesNothing) {
  const VersionRef replica = with(with_secondaries(base_), [](zones::Attributes& attributes) {
    attributes.origin = std::make_shared<const zones::Origin>(zones::Origin{zones::Origin::Kind::replica, {}, {}, {}});
  });
  GivenChange given{{}, replica->soa_record(), replica->attributes()};
  zones::set_soa_serial(given.soa, 11);
  EXPECT_FALSE(has(made(propose_given(replica, given, rules_)).next, "ns1.secondary.test."));
}

TEST_F(ProposalTest, WhatALaterAxfrdHasStoredIsNotEdited) {
  const VersionRef kept = with(base_, [](auto& a) { a.kept = std::make_shared<const std::string>("later"); });
  EXPECT_NE(refused(propose_edits(kept, adding("x 60 TXT x\n"), rules_)).find("later axfrd"), std::string::npos);
  EXPECT_NE(refused(propose_content(kept, content(text(20)), rules_)).find("later axfrd"), std::string::npos);
}

}  // namespace
}  // namespace axfrd::control
