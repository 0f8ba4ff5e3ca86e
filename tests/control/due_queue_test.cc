#include "control/base/due_queue.h"

#include <gtest/gtest.h>

namespace axfrd::control {
namespace {

struct Item {
  DueQueue<Item>::Place due;
};
const DueQueue<Item>::Time kStart{};
using std::chrono::seconds;

TEST(DueQueue, GivesItemsInTheOrderOfTheirTime) {
  DueQueue<Item> queue;
  Item early, late;
  queue.set(late, kStart + seconds(2));
  queue.set(early, kStart + seconds(1));
  EXPECT_EQ(queue.next(), kStart + seconds(1));
  EXPECT_EQ(queue.take(kStart), nullptr);
  EXPECT_EQ(queue.take(kStart + seconds(1)), &early);
  EXPECT_FALSE(early.due.is_set());
  EXPECT_EQ(queue.take(kStart + seconds(1)), nullptr);
  EXPECT_EQ(queue.take(kStart + seconds(9)), &late);
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(DueQueue, AnItemStandsInItOnce) {
  DueQueue<Item> queue;
  Item item;
  queue.set(item, kStart + seconds(1));
  queue.set(item, kStart + seconds(5));
  EXPECT_EQ(queue.next(), kStart + seconds(5));
  queue.clear(item);
  queue.clear(item);
  EXPECT_EQ(queue.next(), std::nullopt);
}

}  // namespace
}  // namespace axfrd::control
