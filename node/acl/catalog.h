// The commands as rules name them. The command table implements it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::acl {

class Catalog {
 public:
  virtual ~Catalog() = default;
  // Commands and subcommands have the numbers 0 to size()-1.
  virtual int size() const = 0;
  // "get" or "config|set", in any case.
  virtual std::optional<int> Find(std::string_view name) const = 0;
  virtual std::string_view NameOf(int id) const = 0;
  virtual uint64_t CategoriesOf(int id) const = 0;  // bits
  virtual bool IsContainer(int id) const = 0;
  virtual bool IsSubcommand(int id) const = 0;
  virtual std::vector<int> SubcommandsOf(int id) const = 0;
  // The bit of a category by its name, in any case; 0 if there is none.
  virtual uint64_t CategoryBit(std::string_view name) const = 0;
};

}  // namespace windlass::acl
