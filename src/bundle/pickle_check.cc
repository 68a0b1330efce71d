#include "bundle/pickle_check.h"

#include <array>
#include <memory>
#include <set>
#include <vector>

#include "base/json.h"
#include "gloce/base/error.h"

namespace gloce {
namespace {

// What may be called. restore_type_tag gives lists and dictionaries their type.
constexpr std::array<std::string_view, 8> kFunctions{
    "torch._utils._rebuild_tensor_v2",    "collections.OrderedDict",
    "torch.jit._pickle.build_intlist",    "torch.jit._pickle.build_doublelist",
    "torch.jit._pickle.build_boollist",   "torch.jit._pickle.build_tensorlist",
    "torch.jit._pickle.restore_type_tag", "torch.device"};

struct StorageType {
  std::string_view name;
  uint64_t size;  // bytes of an element
};
constexpr std::array<StorageType, 10> kStorageTypes{
    {{"torch.DoubleStorage", 8},
     {"torch.FloatStorage", 4},
     {"torch.HalfStorage", 2},
     {"torch.BFloat16Storage", 2},
     {"torch.LongStorage", 8},
     {"torch.IntStorage", 4},
     {"torch.ShortStorage", 2},
     {"torch.CharStorage", 1},
     {"torch.ByteStorage", 1},
     {"torch.BoolStorage", 1}}};

// The classes that the archive's code defines.
bool IsOwnClass(std::string_view name) {
  return name.starts_with("__torch__.") &&
         !name.starts_with("__torch__.torch.classes.");
}

bool IsFunction(std::string_view name) {
  for (const std::string_view function : kFunctions) {
    if (name == function) return true;
  }
  return false;
}

const StorageType* FindStorageType(std::string_view name) {
  for (const StorageType& type : kStorageTypes) {
    if (name == type.name) return &type;
  }
  return nullptr;
}

// As much of a value as the checks need. Copies are cheap: a pickle may recall
// a value often.
struct Value {
  enum class Kind { kOther, kMark, kText, kInteger, kGlobal, kObject, kTuple };
  Kind kind = Kind::kOther;
  std::string_view text;  // of kText; the name of kGlobal
  int64_t integer = 0;    // of kInteger
  std::shared_ptr<const std::vector<Value>> items;  // of kTuple
};

class PickleWalk {
 public:
  PickleWalk(std::string_view pickle,
             const std::map<std::string, uint64_t>& sizes,
             const std::string& place)
      : left_(pickle),
        sizes_(sizes),
        place_(place),
        num_bytes_(pickle.size()) {}

  uint64_t Run() {
    while (Step(Byte())) {
    }
    return bytes_read_;
  }

 private:
  using Kind = Value::Kind;

  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(place_ + ": byte " + std::to_string(num_bytes_ - left_.size()) +
                ": " + what + "; do not use this bundle");
  }

  std::string_view Take(size_t size) {
    if (size > left_.size()) Fail("it ends too early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  uint8_t Byte() { return static_cast<uint8_t>(Take(1)[0]); }
  // Little-endian, its highest byte's sign extended if it is.
  int64_t Integer(size_t size, bool is_signed) {
    const std::string_view bytes = Take(size);
    uint64_t value = 0;
    if (is_signed && size > 0 && (bytes[size - 1] & 0x80) != 0) {
      value = ~uint64_t{0};
    }
    for (size_t i = size; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return static_cast<int64_t>(value);
  }
  std::string Line() {
    const size_t end = left_.find('\n');
    if (end == left_.npos) Fail("it ends too early");
    const std::string line(left_.substr(0, end));
    left_.remove_prefix(end + 1);
    return line;
  }

  void Push(Value value) { stack_.push_back(std::move(value)); }
  void PushInteger(int64_t integer) {
    Push({Kind::kInteger, "", integer, nullptr});
  }
  Value Pop() {
    if (stack_.empty() || stack_.back().kind == Kind::kMark) {
      Fail("takes a value that is not there");
    }
    Value value = std::move(stack_.back());
    stack_.pop_back();
    return value;
  }
  const Value& Top() {
    if (stack_.empty() || stack_.back().kind == Kind::kMark) {
      Fail("takes a value that is not there");
    }
    return stack_.back();
  }
  std::vector<Value> PopToMark() {
    size_t begin = stack_.size();
    while (begin > 0 && stack_[begin - 1].kind != Kind::kMark) --begin;
    if (begin == 0) Fail("takes values without a mark");
    std::vector<Value> items(
        std::make_move_iterator(stack_.begin() +
                                static_cast<std::ptrdiff_t>(begin)),
        std::make_move_iterator(stack_.end()));
    stack_.resize(begin - 1);
    return items;
  }
  void PushTuple(std::vector<Value> items) {
    // Nobody looks into a tuple's tuples, and nothing here may recurse.
    for (Value& item : items) item.items.reset();
    Push({Kind::kTuple, "", 0,
          std::make_shared<const std::vector<Value>>(std::move(items))});
  }
  void PushTupleOf(size_t size) {
    std::vector<Value> items(size);
    while (size > 0) items[--size] = Pop();
    PushTuple(std::move(items));
  }

  void Remember(uint64_t id) {
    // Each id is written once, in two bytes at least.
    if (id > num_bytes_) Fail("remembers too many values");
    memo_[id] = Top();
  }
  void Recall(uint64_t id) {
    const auto found = memo_.find(id);
    if (found == memo_.end()) Fail("recalls a value that is not there");
    Push(found->second);
  }

  void PushGlobal() {
    const std::string module = Line();
    const std::string name = module + "." + Line();
    if (!IsOwnClass(name) && !IsFunction(name) &&
        FindStorageType(name) == nullptr) {
      Fail(QuoteForMessage(name) +
           " is refused: a network's objects are of "
           "its own classes, and its tensors dense");
    }
    Push({Kind::kGlobal, *names_.insert(name).first, 0, nullptr});
  }

  // cls, () -> an object without attributes, which Build completes
  void MakeObject() {
    const Value arguments = Pop();
    Value value = Pop();
    if (arguments.kind != Kind::kTuple || !arguments.items->empty() ||
        value.kind != Kind::kGlobal || !IsOwnClass(value.text)) {
      Fail("makes an object of no class");
    }
    value.kind = Kind::kObject;
    Push(std::move(value));
  }
  void Build() {
    Pop();
    if (Top().kind != Kind::kObject) Fail("builds what is no object");
    stack_.back() = Value();
  }
  void Call() {
    const Value arguments = Pop();
    const Value function = Pop();
    if (arguments.kind != Kind::kTuple || function.kind != Kind::kGlobal ||
        !IsFunction(function.text)) {
      Fail("calls what is no function");
    }
    Push({});
  }

  // ("storage", type, key, device, number of elements) -> a storage
  void LoadStorage() {
    const Value id = Pop();
    if (id.kind != Kind::kTuple || id.items->size() != 5) {
      Fail("loads what is no storage");
    }
    const std::vector<Value>& items = *id.items;
    const StorageType* type = FindStorageType(items[1].text);
    if (items[0].text != "storage" || items[1].kind != Kind::kGlobal ||
        type == nullptr || items[2].kind != Kind::kText ||
        items[4].kind != Kind::kInteger) {
      Fail("loads what is no storage");
    }
    const auto size = sizes_.find(std::string(items[2].text));
    const uint64_t available = size == sizes_.end() ? 0 : size->second;
    const auto count = static_cast<uint64_t>(items[4].integer);
    if (items[4].integer < 0 || count > available / type->size) {
      Fail("storage " + QuoteForMessage(items[2].text) + ": claims " +
           std::to_string(items[4].integer) + " elements of " +
           std::to_string(type->size) + " bytes, its record has " +
           std::to_string(available) + " bytes");
    }
    bytes_read_ += count * type->size;
    Push({});
  }

  // False at the end.
  bool Step(uint8_t instruction);

  std::string_view left_;
  const std::map<std::string, uint64_t>& sizes_;
  const std::string& place_;
  size_t num_bytes_;
  uint64_t bytes_read_ = 0;
  std::vector<Value> stack_;
  std::map<uint64_t, Value> memo_;
  std::set<std::string> names_;  // of globals
};

// The instructions by their names in Python's pickletools.
bool PickleWalk::Step(uint8_t instruction) {
  switch (instruction) {
    case 0x80:  // PROTO
      if (Byte() != 2) Fail("expected protocol 2");
      return true;
    case '(':  // MARK
      Push({Kind::kMark, "", 0, nullptr});
      return true;
    case 'N':   // NONE
    case 0x88:  // NEWTRUE
    case 0x89:  // NEWFALSE
    case ']':   // EMPTY_LIST
    case '}':   // EMPTY_DICT
      Push({});
      return true;
    case 'G':  // BINFLOAT
      Take(8);
      Push({});
      return true;
    case 'J':  // BININT
      PushInteger(Integer(4, true));
      return true;
    case 'K':  // BININT1
      PushInteger(Integer(1, false));
      return true;
    case 'M':  // BININT2
      PushInteger(Integer(2, false));
      return true;
    case 0x8A: {  // LONG1
      const size_t size = Byte();
      if (size > 8) Fail("has an integer of more than 8 bytes");
      PushInteger(Integer(size, true));
      return true;
    }
    case 'X': {  // BINUNICODE
      const auto size = static_cast<size_t>(Integer(4, false));
      Push({Kind::kText, Take(size), 0, nullptr});
      return true;
    }
    case ')':  // EMPTY_TUPLE
      PushTuple({});
      return true;
    case 0x85:  // TUPLE1
    case 0x86:  // TUPLE2
    case 0x87:  // TUPLE3
      PushTupleOf(instruction - 0x84);
      return true;
    case 't':  // TUPLE
      PushTuple(PopToMark());
      return true;
    case 'a':  // APPEND
      Pop();
      Top();
      return true;
    case 'e':  // APPENDS
      PopToMark();
      Top();
      return true;
    case 'u':  // SETITEMS
      if (PopToMark().size() % 2 != 0) Fail("sets a key without a value");
      Top();
      return true;
    case 'q':  // BINPUT
      Remember(Byte());
      return true;
    case 'r':  // LONG_BINPUT
      Remember(static_cast<uint64_t>(Integer(4, false)));
      return true;
    case 'h':  // BINGET
      Recall(Byte());
      return true;
    case 'j':  // LONG_BINGET
      Recall(static_cast<uint64_t>(Integer(4, false)));
      return true;
    case 'c':  // GLOBAL
      PushGlobal();
      return true;
    case 0x81:  // NEWOBJ
      MakeObject();
      return true;
    case 'b':  // BUILD
      Build();
      return true;
    case 'R':  // REDUCE
      Call();
      return true;
    case 'Q':  // BINPERSID
      LoadStorage();
      return true;
    case '.':  // STOP
      Pop();
      if (!stack_.empty()) Fail("leaves values behind");
      return false;
    default:
      Fail("instruction " + std::to_string(instruction) +
           " is refused: torch.jit.save writes no such");
  }
}

}  // namespace

uint64_t CheckPickle(std::string_view pickle,
                     const std::map<std::string, uint64_t>& sizes,
                     const std::string& place) {
  return PickleWalk(pickle, sizes, place).Run();
}

}  // namespace gloce
