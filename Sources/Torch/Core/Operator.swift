import CTorch

/// An operator of libtorch's dispatcher, looked up once by its name and overload.
///
/// Every tensor operation of this library goes through this type, which keeps the arguments alive while libtorch borrows
/// them. Passing `tensor.handle` to C elsewhere would allow ARC to free the tensor before the call returns.
///
/// Unchecked: the handle refers to the operator's entry in libtorch's table, which lives as long as the process and may
/// be called from any thread.
struct Operator: @unchecked Sendable {
  let name: String
  private let handle: ct_operator

  /// Looks up an operator of ATen, or of another namespace if the name contains one (`mosi::name`). Traps if libtorch has
  /// no such operator, which is a programming error.
  init(_ name: String, _ overload: String = "") {
    let qualified = name.contains("::") ? name : "aten::\(name)"
    var found: ct_operator?
    mustSucceed("\(qualified).\(overload)", ct_operator_find(qualified, overload, &found))
    self.name = name
    handle = found!
  }

  /// Calls the operator and returns its results; traps on an error (see ``TorchError/onFailure(_:)``).
  @discardableResult
  func tensors(_ arguments: [Argument]) -> [Tensor] {
    do {
      return try throwing(arguments)
    } catch {
      error.fail()
    }
  }

  /// Calls an operator with a single result.
  @discardableResult
  func callAsFunction(_ arguments: Argument...) -> Tensor {
    let results = tensors(arguments)
    precondition(
      results.count == 1, "\(name) returned \(results.count) tensors where 1 is expected")
    return results[0]
  }

  /// Calls the operator and returns its results.
  ///
  /// - Throws: ``TorchError`` if libtorch rejects the call.
  func throwing(_ arguments: [Argument]) throws(TorchError) -> [Tensor] {
    var scratch = ArgumentScratch()
    defer { scratch.free() }
    var values = [ct_value](repeating: ct_value(), count: arguments.count)
    for index in arguments.indices { values[index] = scratch.value(of: arguments[index]) }
    var results: UnsafeMutablePointer<ct_value>?
    var count: Int32 = 0
    let status = withExtendedLifetime(arguments) {
      ct_call(handle, values, Int32(values.count), &results, &count)
    }
    try check(describe(arguments), status)
    defer { ct_values_free(results) }
    return UnsafeBufferPointer(start: results, count: Int(count)).compactMap { value in
      value.tag == CT_TENSOR && value.as.tensor != nil ? Tensor(owning: value.as.tensor) : nil
    }
  }

  /// The operator with the shapes and types of its arguments, for error messages.
  private func describe(_ arguments: [Argument]) -> String {
    let words = arguments.compactMap { argument -> String? in
      switch argument {
      case .tensor(let tensor): "\(tensor.dtype)\(tensor.shape)"
      case .optionalTensor(let tensor): tensor.map { "\($0.dtype)\($0.shape)" }
      case .tensors(let tensors): "\(tensors.count) tensors"
      case .int(let value): "\(value)"
      case .double(let value): "\(value)"
      case .ints(let values): "\(values)"
      default: nil
      }
    }
    return "\(name)(\(words.joined(separator: ", ")))"
  }
}

/// An argument of an operator.
enum Argument {
  case none
  case tensor(Tensor)
  case optionalTensor(Tensor?)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case device(Device)
  case generator(Generator)
  case dtype(DType)
  case ints([Int])
  case tensors([Tensor])
  case optionalTensors([Tensor?])
  /// The default value in the operator's schema.
  case `default`
}

/// The memory to which the C values of one call point.
private struct ArgumentScratch {
  private var blocks: [UnsafeMutableRawPointer] = []

  mutating func value(of argument: Argument) -> ct_value {
    var value = ct_value()
    switch argument {
    case .none:
      value.tag = CT_NONE
    case .tensor(let tensor):
      value.tag = CT_TENSOR
      value.as.tensor = tensor.handle
    case .optionalTensor(let tensor):
      value.tag = CT_TENSOR
      value.as.tensor = tensor?.handle
    case .int(let integer):
      value.tag = CT_INT
      value.as.integer = Int64(integer)
    case .double(let real):
      value.tag = CT_DOUBLE
      value.as.real = real
    case .bool(let boolean):
      value.tag = CT_BOOL
      value.as.boolean = boolean
    case .device(let device):
      value.tag = CT_DEVICE
      value.as.device = device.cValue
    case .generator(let generator):
      value.tag = CT_GENERATOR
      value.as.generator = generator.handle
    case .dtype(let dtype):
      value.tag = CT_INT
      value.as.integer = Int64(dtype.rawValue)
    case .ints(let integers):
      value.tag = CT_INT_LIST
      value.count = Int64(integers.count)
      value.as.list = UnsafeRawPointer(copy(integers.map(Int64.init)))
    case .tensors(let tensors):
      value.tag = CT_TENSOR_LIST
      value.count = Int64(tensors.count)
      value.as.list = UnsafeRawPointer(copy(tensors.map { Optional($0.handle) }))
    case .optionalTensors(let tensors):
      value.tag = CT_OPTIONAL_TENSOR_LIST
      value.count = Int64(tensors.count)
      value.as.list = UnsafeRawPointer(copy(tensors.map { $0?.handle }))
    case .default:
      value.tag = CT_DEFAULT
    }
    return value
  }

  private mutating func copy<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let block = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    block.initialize(from: elements, count: elements.count)
    blocks.append(UnsafeMutableRawPointer(block))
    return block
  }

  mutating func free() {
    // The elements are trivial (numbers and pointers) and need no deinitialization.
    for block in blocks { block.deallocate() }
  }
}
