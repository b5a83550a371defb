// A handful of commands, for tests of rules.
#pragma once

#include <string>
#include <vector>

#include "node/acl/catalog.h"
#include "node/base/letter_case.h"

namespace windlass::acl {

// Categories: read 1, write 2, admin 4.
class FakeCatalog final : public Catalog {
 public:
  int size() const override { return static_cast<int>(kRows.size()); }
  std::optional<int> Find(std::string_view name) const override {
    for (int id = 0; id < size(); ++id) {
      if (base::EqualsNoCase(kRows[static_cast<size_t>(id)].name, name)) return id;
    }
    return std::nullopt;
  }
  std::string_view NameOf(int id) const override { return kRows[static_cast<size_t>(id)].name; }
  uint64_t CategoriesOf(int id) const override { return kRows[static_cast<size_t>(id)].categories; }
  bool IsContainer(int id) const override { return NameOf(id) == "config"; }
  bool IsSubcommand(int id) const override { return NameOf(id).find('|') != std::string_view::npos; }
  std::vector<int> SubcommandsOf(int id) const override {
    return IsContainer(id) ? std::vector<int>{*Find("config|get"), *Find("config|set")} : std::vector<int>{};
  }
  uint64_t CategoryBit(std::string_view name) const override {
    return base::EqualsNoCase("read", name) ? 1 : base::EqualsNoCase("write", name) ? 2 : base::EqualsNoCase("admin", name) ? 4 : 0;
  }

 private:
  struct Row {
    std::string_view name;
    uint64_t categories;
  };
  const std::vector<Row> kRows{{"get", 1}, {"set", 2}, {"select", 0}, {"config", 4}, {"config|get", 4}, {"config|set", 6}};
};

}  // namespace windlass::acl
