#include "node/base/atomic_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace windlass::base {
namespace {

TEST(AtomicFile, ReplacesTheWholeContent) {
  char folder[] = "/tmp/windlass-atomic-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/file";
  EXPECT_FALSE(ReadFileIfExists(path).value().has_value());
  ASSERT_TRUE(WriteFileAtomically(path, "first, and longer").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(ReadFileIfExists(path).value().value(), "second");
  unlink(path.c_str());
  rmdir(folder);
}

TEST(AtomicFile, NamesThePathItCannotWrite) {
  const Result<void> result = WriteFileAtomically("/nonexistent-folder/file", "x");
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().find("/nonexistent-folder/file"), std::string::npos);
}

}  // namespace
}  // namespace windlass::base
