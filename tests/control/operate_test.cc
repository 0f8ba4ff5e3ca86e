#include <random>

#include "control/base/unix_time.h"
#include "control/operate/apex_index.h"
#include "control/operate/audit_log.h"
#include "control/operate/principal.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;

// ---- who may ----

TEST(ZoneScope, SaysWhichZones) {
  const ZoneScope scope = ZoneScope::of({"example.com", "*.customers.example"});
  EXPECT_TRUE(scope.contains(name("Example.COM")));
  EXPECT_FALSE(scope.contains(name("a.example.com"))) << "a name is one zone";
  EXPECT_TRUE(scope.contains(name("a.customers.example")));
  EXPECT_TRUE(scope.contains(name("b.a.customers.example")));
  EXPECT_FALSE(scope.contains(name("customers.example")));
  EXPECT_FALSE(scope.is_all());
  EXPECT_TRUE(ZoneScope::of({"*"}).contains(name("any.example")));
  EXPECT_FALSE(ZoneScope().contains(name("any.example"))) << "nothing stated is nothing allowed";
  EXPECT_THROW(ZoneScope::of({"a..b"}), std::invalid_argument);
}

TEST(Role, HasOneNameEach) {
  for (const Role role : {Role::reader, Role::editor, Role::secondary_manager, Role::admin})
    EXPECT_EQ(role_from(to_text(role)), role);
  EXPECT_EQ(role_from("root"), std::nullopt);
}

TEST(Principal, OfTheSocketIsAnAdministratorWithAName) {
  const Principal root = local_principal(0);
  EXPECT_EQ(root.name, "root");
  EXPECT_EQ(root.role, Role::admin);
  EXPECT_TRUE(root.scope.is_all());
  EXPECT_EQ(local_principal(4'000'000'000U).name, "uid 4000000000");
}

// ---- the index of apexes ----

class ApexIndexTest : public testing::Test {
 protected:
  ApexIndexTest() { index_.build(zones_.table, reader_); }
  std::vector<std::string> all(const std::string& prefix, size_t most) {
    std::vector<std::string> names;
    std::optional<std::string> after;
    for (bool more = true; more;) {
      const ApexIndex::Page page = index_.page(prefix, "", after, most);
      EXPECT_LE(page.names.size(), most);
      names.insert(names.end(), page.names.begin(), page.names.end());
      more = page.more;
      if (more) after = page.names.back();
    }
    return names;
  }

  test::ServedZones zones_;
  dataplane::Rcu::Reader reader_{zones_.rcu};
  ApexIndex index_;
};

TEST_F(ApexIndexTest, HoldsWhatASetWouldHold) {
  std::mt19937 random(7);
  std::set<std::string> model;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = "z" + std::to_string(random() % 3000) + (random() % 2 == 0 ? ".example." : ".Test.");
    const bool is_there = random() % 3 != 0;
    index_.set(name(text), is_there);
    const std::string folded = ApexIndex::text_of(name(text));
    is_there ? (void)model.insert(folded) : (void)model.erase(folded);
  }
  EXPECT_EQ(all("", 1'000'000), std::vector<std::string>(model.begin(), model.end()));
  EXPECT_EQ(all("", 7), std::vector<std::string>(model.begin(), model.end())) << "page by page";
  std::vector<std::string> some;
  std::ranges::copy_if(model, std::back_inserter(some), [](const auto& text) { return text.starts_with("z12"); });
  EXPECT_EQ(all("z12", 10), some);
  EXPECT_TRUE(all("zz", 10).empty());
  for (const std::string& text : model) index_.set(name(text), false);
  EXPECT_TRUE(all("", 10).empty());
}

TEST_F(ApexIndexTest, TakesNamesOfAnyLengthAndOctet) {
  const std::string label(60, 'x');
  const std::string longest = label + "." + label + "." + label + "." + std::string(50, 'y') + ".";
  index_.set(name("."), true);
  index_.set(name("a\\010b.example."), true);
  for (char c = 'a'; c <= 'z'; ++c) index_.set(name(c + longest), true);
  EXPECT_EQ(all("", 5).size(), 28U);
  EXPECT_EQ(all("a\\010", 5), std::vector<std::string>{"a\\010b.example."});
}

TEST(ApexIndex, IsBuiltFromTheTableAndFollowsIt) {
  test::ServedZones zones;
  for (int i = 0; i < 1000; ++i) zones.load("z" + std::to_string(i) + ".example", test::kSmallZone);
  dataplane::Rcu::Reader reader(zones.rcu);
  ApexIndex index;
  index.set(name("before.example"), true);  // not in the table, so it was not published either
  index.build(zones.table, reader);
  EXPECT_EQ(index.page("", "", std::nullopt, 10'000).names.size(), 1000U);
  EXPECT_EQ(index.page("z99", "", std::nullopt, 100).names.size(), 11U);
  index.set(name("z5.example"), false);
  index.set(name("new.example"), true);
  index.build(zones.table, reader);  // once is enough
  EXPECT_EQ(index.page("new", "", std::nullopt, 10).names.front(), "new.example.");
  EXPECT_TRUE(index.page("z5.", "", std::nullopt, 10).names.empty());
  EXPECT_LT(index.memory(), 64U * 1000);
}

// ---- the audit ----

std::vector<Json> lines_of(const std::filesystem::path& file) {
  std::vector<Json> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

AuditRecord change_of(const char* zone) {
  AuditRecord record{.cause = {.kind = "rollback", .detail = "to serial 7", .who = "root", .verb = "zone.rollback"},
                     .kind = "zone",
                     .name = zone};
  record.cause.uid = 0;
  record.old_serial = 8;
  record.serial = 9;
  record.what = "1 removed, 2 added";
  return record;
}

TEST(AuditLog, TellsWhoDidWhat) {
  const test::TemporaryDirectory directory;
  const test::LogFile log;
  AuditRecord refused = change_of("b.");
  refused.old_serial = refused.serial = std::nullopt;
  refused.what = "";
  refused.failure = "it is not yours";
  {
    AuditLog audit(directory / "audit", log.log());
    audit.write(change_of("a."));
    audit.write(refused);
  }
  const auto lines = lines_of(directory / "audit");
  ASSERT_EQ(lines.size(), 2U);
  Json first = lines[0];
  EXPECT_GT(first["time_ms"], 1'600'000'000'000);
  EXPECT_EQ(first["time"], utc_text(first["time_ms"]));
  first.erase("time");
  first.erase("time_ms");
  EXPECT_EQ(first, Json::parse(R"({"outcome":"done","who":"root","uid":0,"verb":"zone.rollback","cause":"rollback",
      "detail":"to serial 7","zone":"a.","old_serial":8,"serial":9,"what":"1 removed, 2 added"})"));
  EXPECT_EQ(lines[1]["outcome"], "failed");
  EXPECT_EQ(lines[1]["reason"], "it is not yours");
  log.log().flush();
  EXPECT_NE(log.text().find("zone a. serial 8 to 9: 1 removed, 2 added; rollback to serial 7 by root"),
            std::string::npos);
  EXPECT_NE(log.text().find("zone b.: zone.rollback failed: it is not yours; rollback to serial 7 by root"),
            std::string::npos);
}

TEST(AuditLog, GoesOnInANewFileWhenTheOldOneWasMoved) {
  const test::TemporaryDirectory directory;
  const test::LogFile log;
  {
    AuditLog audit(directory / "audit", log.log());
    audit.write(change_of("a."));
    std::filesystem::rename(directory / "audit", directory / "audit.1");
    audit.reopen();
    audit.write(change_of("b."));
  }
  ASSERT_EQ(lines_of(directory / "audit.1").size(), 1U);
  ASSERT_EQ(lines_of(directory / "audit").size(), 1U);
  EXPECT_EQ(lines_of(directory / "audit")[0]["zone"], "b.");
}

}  // namespace
}  // namespace axfrd::control
