#include "control/base/start_guard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace axfrd::control {
namespace {

using namespace std::chrono_literals;

constexpr StartPatience kShort{.silent = 50ms, .between = 10s, .stop = 100ms, .most = 400ms};

// What a stuck start does: the process ends, and the test sees how.
[[noreturn]] void stuck(StartPatience patience, int signal) {
  const Log log(LogLevel::info);
  StartGuard guard(log, patience);
  guard.step("the end of time", [] { (void)!write(2, "undone\n", 7); });
  if (signal != 0) kill(getpid(), signal);
  while (true) pause();
}

TEST(StartGuardDeathTest, AStepThatTakesTooLongEndsTheProcessWithAReason) {
  EXPECT_EXIT(stuck(kShort, 0), testing::ExitedWithCode(StartGuard::kGaveUp),
              "waiting for the end of time since 0 s(.|\n)*gave up waiting for the end of time(.|\n)*undone");
}

TEST(StartGuardDeathTest, SignalsEndAStuckStart) {
  StartPatience patient = kShort;
  patient.most = 1h;
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(stuck(patient, signal), testing::ExitedWithCode(0), "does not come back(.|\n)*undone");
  }
}

TEST(StartGuardDeathTest, AStartThatGoesOnIsStoppedAtItsNextStep) {
  for (const bool at_the_end : {false, true}) {
    const auto start = [at_the_end] {
      const Log log(LogLevel::error);
      StartGuard guard(log);
      guard.step("one thing", {});
      kill(getpid(), SIGTERM);
      std::this_thread::sleep_for(500ms);
      try {
        if (!at_the_end) guard.step("another", {});
        guard.done();
      } catch (const Stopped&) {
        _exit(17);
      }
    };
    EXPECT_EXIT(start(), testing::ExitedWithCode(17), "");
  }
}

TEST(StartGuardDeathTest, AfterwardsSignalsAreTheCallersAgain) {
  const auto start = [] {
    const Log log(LogLevel::error);
    StartGuard guard(log);
    guard.done();
    kill(getpid(), SIGTERM);
    pause();
  };
  EXPECT_EXIT(start(), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace axfrd::control
