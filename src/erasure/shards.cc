#include "erasure/shards.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/join.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

using ListKey = std::pair<std::string, int64_t>;  // list and number of shards
using Members = std::map<int64_t, size_t>;        // shard -> input

std::string Name(int64_t shard, int64_t num_shards) {
  return std::to_string(shard) + "/" + std::to_string(num_shards);
}

std::map<ListKey, Members> GroupShards(const std::vector<Erasers>& inputs) {
  std::map<ListKey, Members> lists;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].shard) continue;
    const ShardInfo& shard = *inputs[i].shard;
    Members& members = lists[{shard.list_hash, shard.num_shards}];
    if (!members.try_emplace(shard.shard, i).second) {
      throw Error("shard " + Name(shard.shard, shard.num_shards) +
                  ", with concept \"" + inputs[i].concepts[0].settings.name +
                  "\", is given twice");
    }
  }
  return lists;
}

void CheckComplete(const ListKey& list, const Members& members,
                   const std::vector<Erasers>& inputs, bool other_lists) {
  std::vector<std::string> missing;
  for (int64_t shard = 1; shard <= list.second; ++shard) {
    if (!members.contains(shard)) missing.push_back(Name(shard, list.second));
  }
  if (missing.empty()) return;
  const auto& [shard, input] = *members.begin();
  throw Error(
      "shard " + Join(missing) + " is missing of the list whose shard " +
      Name(shard, list.second) + " holds \"" +
      inputs[input].concepts[0].settings.name + "\"" +
      (other_lists ? "; others were built of another list or with other "
                     "settings (--batch-size, --device and --dtype count)"
                   : ""));
}

}  // namespace

std::vector<size_t> OrderOfJoining(const std::vector<Erasers>& inputs) {
  const std::map<ListKey, Members> lists = GroupShards(inputs);
  for (const auto& [list, members] : lists)
    CheckComplete(list, members, inputs, lists.size() > 1);
  std::vector<size_t> order;
  std::set<ListKey> joined;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].shard) {
      order.push_back(i);
      continue;
    }
    const ListKey list{inputs[i].shard->list_hash, inputs[i].shard->num_shards};
    if (!joined.insert(list).second) continue;
    for (const auto& [shard, input] : lists.at(list)) order.push_back(input);
  }
  return order;
}

}  // namespace gloce
