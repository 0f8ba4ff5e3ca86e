// What is decided before the EAL starts. Nothing here starts it.
#include "dataplane/eal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axfrd::dataplane {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Ports, PhysicalAndVirtualAreToldApart) {
  EXPECT_TRUE(is_pci("0000:03:00.0"));
  EXPECT_TRUE(is_pci("03:00.1"));
  EXPECT_TRUE(is_pci("0000:3b:00.0,dv_flow_en=1"));
  EXPECT_FALSE(is_pci("net_af_packet0,iface=eth0"));
  EXPECT_FALSE(is_pci("03:00"));
  EXPECT_FALSE(is_pci("net_ring0,a=03:00.0"));
}

TEST(Ports, InterfacesAreToldByTheirNames) {
  EXPECT_TRUE(is_interface("eth1"));
  EXPECT_TRUE(is_interface("enp3s0f1np1.12"));
  EXPECT_FALSE(is_interface("03:00.1"));
  EXPECT_FALSE(is_interface("net_ring0"));
  EXPECT_FALSE(is_interface("net_af_xdp0,iface=eth0"));
}

TEST(Ports, DevicesHaveTheNamesThatEalGivesThem) {
  EXPECT_EQ(device_name("03:00.1"), "0000:03:00.1");
  EXPECT_EQ(device_name("0001:03:00.1,x=y"), "0001:03:00.1");
  EXPECT_EQ(device_name("net_af_xdp0,iface=eth0"), "net_af_xdp0");
}

TEST(CpuPlan, GivesWorkersTheLastCpus) {
  const CpuPlan plan = plan_cpus({0, 1, 2, 3}, 2, {}, {});
  EXPECT_THAT(plan.workers, ElementsAre(2, 3));
  EXPECT_THAT(plan.control, ElementsAre(0, 1));
}

TEST(CpuPlan, RespectsWhatWasAskedFor) {
  const CpuPlan plan = plan_cpus({0, 1, 2, 3}, 2, {0, 2}, {});
  EXPECT_THAT(plan.workers, ElementsAre(0, 2));
  EXPECT_THAT(plan.control, ElementsAre(1, 3));
  EXPECT_THAT(plan_cpus({0, 1, 2, 3}, 2, {}, {3}).workers, ElementsAre(1, 2));
}

TEST(CpuPlan, SharesWhenTheMachineIsSmall) {
  EXPECT_THAT(plan_cpus({0}, 1, {}, {}).control, ElementsAre(0));
  EXPECT_THAT(plan_cpus({0, 1}, 2, {}, {}).control, ElementsAre(0, 1));
  EXPECT_THAT(plan_cpus({0, 1}, 1, {1}, {1}).control, ElementsAre(1)) << "as it was asked for";
}

TEST(CpuPlan, RefusesTheImpossible) {
  EXPECT_THROW(plan_cpus({0, 1}, 3, {}, {}), std::runtime_error);
  EXPECT_THROW(plan_cpus({0, 1}, 1, {2}, {}), std::runtime_error);
  EXPECT_THROW(plan_cpus({0, 1}, 2, {1, 1}, {}), std::runtime_error);
  EXPECT_THROW(plan_cpus({0, 1, 2}, 2, {1}, {}), std::runtime_error);
  EXPECT_THROW(plan_cpus({0, 1}, 1, {}, {7}), std::runtime_error);
}

EalOptions options(std::vector<std::string> ports) {
  EalOptions options;
  options.ports = std::move(ports);
  options.worker_cpus = {2, 5};
  options.control_cpus = {0, 1};
  return options;
}

TEST(Arguments, VirtualPortsNeedNoPci) {
  const auto arguments = compose_arguments(options({"net_af_packet0,iface=eth0"}));
  EXPECT_THAT(arguments, Contains("--no-pci"));
  EXPECT_THAT(arguments, Contains("--vdev=net_af_packet0,iface=eth0"));
  EXPECT_THAT(arguments, Contains("--lcores=0@(0,1),1@2,2@5"));
  EXPECT_THAT(arguments, Not(Contains("--no-huge")));
}

TEST(Arguments, PhysicalPortsAreTheOnlyOnesProbed) {
  const auto arguments = compose_arguments(options({"03:00.0", "net_ring0"}));
  EXPECT_THAT(arguments, Not(Contains("--no-pci")));
  EXPECT_THAT(arguments, Contains("-a"));
  EXPECT_THAT(arguments, Contains("03:00.0"));
  EXPECT_THAT(arguments, Contains("--vdev=net_ring0"));
}

TEST(Arguments, TheOperatorsOwnComeLast) {
  EalOptions o = options({"net_ring0"});
  o.extra = {"--log-level=eal,8"};
  o.huge_pages = false;
  EXPECT_THAT(compose_arguments(o), Contains("--no-huge"));
  EXPECT_EQ(compose_arguments(o).back(), "--log-level=eal,8");
}

TEST(Eal, SaysHowToMendMissingHugePages) {
  EalOptions o = options({"net_ring0"});
  o.memory_mib = 1U << 30;  // no machine has these
  try {
    const Eal eal(o, [](std::string_view) {});
    FAIL() << "that much memory?";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("vm.nr_hugepages"));
    EXPECT_THAT(error.what(), HasSubstr("--no-huge"));
  }
}

}  // namespace
}  // namespace axfrd::dataplane
