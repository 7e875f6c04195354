import Testing
import Torch
import VideoModels

@Suite struct StateNamesTests {
  private typealias Kind = VideoClassifier.Head.Kind

  /// The content of a file: the network's shapes with these names.
  private func shapes(
    _ architecture: Architecture, _ names: StateNames, width: Int, head: Kind? = .actions,
    classes: Int = 5
  ) throws -> [String: [Int]] {
    let table = try #require(architecture.tensorNames(names, head: head))
    let own = classifier(
      architecture, width: width, classes: classes, kind: head ?? .actions, device: .meta
    ).shapes.filter { head != nil || !$0.key.hasPrefix("head.") }
    return Dictionary(uniqueKeysWithValues: own.map { (table[$0.key]!, $0.value) })
  }

  /// The heads that files with these names can have.
  private static func heads(_ names: StateNames) -> [Kind?] {
    switch names {
    case .mosi: [nil, .actions, .pretext]
    case .torchvision, .vcop: [nil, .actions]
    case .dpc, .coclr: [nil]
    }
  }

  @Test(arguments: Architecture.allCases, StateNames.allCases)
  func everyTensorHasOneName(architecture: Architecture, names: StateNames) throws {
    for head in [nil, .actions, .pretext] as [Kind?] {
      let table = architecture.tensorNames(names, head: head)
      guard names.supports(architecture), Self.heads(names).contains(head) else {
        #expect(table == nil)
        continue
      }
      let own = classifier(architecture, width: 3, kind: head ?? .actions, device: .meta).shapes
        .keys
        .filter { head != nil || !$0.hasPrefix("head.") }
      let found = try #require(table)
      #expect(Set(found.keys) == Set(own), "total")
      #expect(Set(found.values).count == found.count, "one to one")
      if names == .mosi { #expect(found.allSatisfy { $0.key == $0.value }) }
    }
  }

  @Test func torchvisionsNamesAreKnown() throws {
    let plain = try #require(Architecture.r3d18.tensorNames(.torchvision, head: .actions))
    let factored = try #require(
      Architecture.torchvisionR2plus1d18.tensorNames(.torchvision, head: .actions))
    let block = "backbone.conv3.res_1"
    for (own, expected) in [
      ("backbone.conv1.a.weight", "stem.0.weight"), ("backbone.conv1.a_bn.bias", "stem.1.bias"),
      ("\(block).conv_branch.a.weight", "layer2.0.conv1.0.weight"),
      ("\(block).conv_branch.b_bn.running_var", "layer2.0.conv2.1.running_var"),
      ("\(block).short_cut.weight", "layer2.0.downsample.0.weight"),
      ("\(block).short_cut_bn.num_batches_tracked", "layer2.0.downsample.1.num_batches_tracked"),
      ("backbone.conv5.res_2.conv_branch.a.weight", "layer4.1.conv1.0.weight"),
      ("head.out.weight", "fc.weight"), ("head.out.bias", "fc.bias"),
    ] { #expect(plain[own] == expected) }
    for (own, expected) in [
      ("backbone.conv1.a2.weight", "stem.3.weight"), ("backbone.conv1.a2_bn.bias", "stem.4.bias"),
      ("\(block).conv_branch.a1.weight", "layer2.0.conv1.0.0.weight"),
      ("\(block).conv_branch.a1_bn.weight", "layer2.0.conv1.0.1.weight"),
      ("\(block).conv_branch.b2.weight", "layer2.0.conv2.0.3.weight"),
      ("\(block).conv_branch.b2_bn.weight", "layer2.0.conv2.1.weight"),
    ] { #expect(factored[own] == expected) }
    #expect(plain.count == 122 && factored.count == 224)
  }

  @Test func vcopsNamesAreKnown() throws {
    let names = try #require(Architecture.c3d.tensorNames(.vcop, head: .actions))
    for (own, expected) in [
      ("backbone.conv1.a.weight", "conv1.weight"), ("backbone.conv2.a_bn.bias", "bn2.bias"),
      ("backbone.conv3.a.bias", "conv3a.bias"), ("backbone.conv5.b_bn.weight", "bn5b.weight"),
      ("backbone.conv4.b_bn.num_batches_tracked", "bn4b.num_batches_tracked"),
      ("head.out.bias", "linear.bias"),
    ] { #expect(names[own] == expected) }
    #expect(names.count == 8 * 7 + 2)
    let plain = try #require(Architecture.r3d10.tensorNames(.vcop, head: .actions))
    let split = try #require(Architecture.vcopR2plus1d10.tensorNames(.vcop, head: .actions))
    let block = "backbone.conv3.res_1"
    for (own, expected) in [
      ("backbone.conv1.a.weight", "conv1.temporal_spatial_conv.weight"),
      ("backbone.conv1.a_bn.bias", "bn1.bias"),
      ("\(block).conv_branch.b.weight", "conv3.block1.conv2.temporal_spatial_conv.weight"),
      ("\(block).conv_branch.b_bn.bias", "conv3.block1.bn2.bias"),
      ("\(block).short_cut.weight", "conv3.block1.downsampleconv.temporal_spatial_conv.weight"),
      ("\(block).short_cut_bn.weight", "conv3.block1.downsamplebn.weight"),
      ("head.out.weight", "linear.weight"),
    ] { #expect(plain[own] == expected) }
    for (own, expected) in [
      ("backbone.conv1.a1.weight", "conv1.spatial_conv.weight"),
      ("backbone.conv1.a1_bn.bias", "conv1.bn.bias"), ("backbone.conv1.a2_bn.bias", "bn1.bias"),
      ("\(block).conv_branch.a2.weight", "conv3.block1.conv1.temporal_conv.weight"),
      ("\(block).short_cut1_bn.weight", "conv3.block1.downsampleconv.bn.weight"),
      ("\(block).short_cut2.weight", "conv3.block1.downsampleconv.temporal_conv.weight"),
    ] { #expect(split[own] == expected) }
  }

  /// VCOP's task stores its network under a name; other tensors belong to the task.
  @Test(arguments: ["", "module."])
  func aNetworkInsideOfATaskIsFound(wrapper: String) throws {
    let tower = try shapes(.c3d, .vcop, width: 3, head: nil)
    var found = Dictionary(
      uniqueKeysWithValues: tower.map { ("\(wrapper)base_network.\($0.key)", $0.value) })
    found["\(wrapper)fc7.weight"] = [512, 48]
    found["\(wrapper)fc7.bias"] = [512]
    let network = try RecognizedNetwork(shapes: found)
    #expect(network.architecture == .c3d && network.width == 3 && network.head == nil)
    #expect(network.prefix == "\(wrapper)base_network.")
    #expect(network.others == ["\(wrapper)fc7.bias", "\(wrapper)fc7.weight"])
    #expect(network.namesInFile["backbone.conv3.b.bias"] == "\(wrapper)base_network.conv3b.bias")
    found["\(wrapper)base_network.conv3b.bias"] = nil
    #expect(throws: UnrecognizedNetwork.self) { try RecognizedNetwork(shapes: found) }
  }

  /// No two architectures have the same tensors at any width, so that they cannot be confused; except that SpeedNet's S3D-G has
  /// those of S3D-G, which is preferred unless a file names the other.
  @Test(arguments: Architecture.allCases, StateNames.allCases)
  func networksAreRecognizedByTheirTensors(architecture: Architecture, names: StateNames) throws {
    guard names.supports(architecture) else { return }
    for width in [1, 2, 3, 5, 8, 24, 63, 64, 200] {
      for head in Self.heads(names) {
        let shapes = try shapes(architecture, names, width: width, head: head, classes: 7)
        let network = try RecognizedNetwork(shapes: shapes, expecting: architecture)
        #expect(network.architecture == architecture && network.names == names)
        #expect(
          try RecognizedNetwork(shapes: shapes, expecting: .c3d).architecture
            == (architecture == .speednetS3dg ? .s3dg : architecture))
        #expect(network.width == width && network.prefix == "")
        #expect(network.head?.kind == head && network.head?.classes == (head == nil ? nil : 7))
      }
    }
  }

  @Test(arguments: ["module.", "model.", "module.model.", "_orig_mod.module."])
  func prefixesOfWrappersAreStripped(prefix: String) throws {
    let model = classifier(.mc318, width: 2, classes: 5, kind: .actions)
    let table = try #require(Architecture.mc318.tensorNames(.torchvision, head: .actions))
    let state = Dictionary(
      uniqueKeysWithValues: model.state.map { (prefix + table[$0.name]!, $0.tensor) })
    let network = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    #expect(network.architecture == .mc318 && network.prefix == prefix)
    let own = network.ownState(state)
    #expect(own.count == model.state.count)
    for (name, tensor) in model.state { #expect(own[name] === tensor, "\(name)") }
    // Not a prefix of all names.
    var other = state.mapValues(\.shape)
    other["epoch"] = []
    #expect(throws: UnrecognizedNetwork.self) { try RecognizedNetwork(shapes: other) }
  }

  /// The search for prefixes in a name ends quickly.
  @Test(.timeLimit(.minutes(1))) func longNamesDoNotHang() {
    let name = String(repeating: "module.", count: 2_000_000)
    #expect(throws: UnrecognizedNetwork.self) { try RecognizedNetwork(shapes: [name: [1]]) }
  }

  @Test func countsOfBatchesMayBeMissing() throws {
    let model = classifier(.r2d3d18, width: 2)
    let state = Dictionary(uniqueKeysWithValues: model.state.map { ($0.name, $0.tensor) })
      .filter { !$0.key.hasSuffix("num_batches_tracked") }
    let network = try RecognizedNetwork(shapes: state.mapValues(\.shape))
    try classifier(.r2d3d18, width: 2).load(network.ownState(state))
  }

  @Test(arguments: [StateNames.mosi, .torchvision])
  func whatDoesNotFitIsNamedAsInTheFile(names: StateNames) throws {
    var found = try shapes(.r3d18, names, width: 4)
    let table = try #require(Architecture.r3d18.tensorNames(names, head: .actions))
    let (missing, reshaped) = (
      table["backbone.conv2.res_1.conv_branch.a.weight"]!, table["head.out.bias"]!
    )
    found[missing] = nil
    found[reshaped] = [6]
    found["queue"] = [1]
    let error = try #require(throws: UnrecognizedNetwork.self) {
      try RecognizedNetwork(shapes: found)
    }
    #expect(error.nearest?.architecture == .r3d18 && error.nearest?.width == 4)
    #expect(
      error.mismatch
        == StateMismatch(
          missing: [missing], leftOver: ["queue"],
          reshaped: [.init(name: reshaped, expected: [5], found: [6])]))
    #expect(
      "\(error)".contains("is most similar to r3d-18 of width 4") && "\(error)".contains("queue"))
  }

  @Test(
    arguments: [
      [:], ["a": [1]], ["module.": [], "module.module.module.module.module.": []],
      ["stem.0.weight": []], ["stem.0.weight": [0, 3, 3, 7, 7]], ["stem.0.weight": [.max]],
      ["backbone.conv1.a.weight": [1025, 3, 1, 7, 7]],
    ] as [[String: [Int]]])
  func strangersAreNoNetworks(shapes: [String: [Int]]) throws {
    let error = try #require(throws: UnrecognizedNetwork.self) {
      try RecognizedNetwork(shapes: shapes)
    }
    #expect("\(error)".contains("does not contain a network"))
  }

  /// A head without classes, without a valid shape, or without weights is not ignored.
  @Test(arguments: [["fc.weight": [0, 32], "fc.bias": [0]], ["fc.weight": []], ["fc.bias": [5]]])
  func headsThatAreNoneAreLeftOver(head: [String: [Int]]) throws {
    let backbone = try shapes(.r3d18, .torchvision, width: 4, head: nil)
    let error = try #require(throws: UnrecognizedNetwork.self) {
      try RecognizedNetwork(shapes: backbone.merging(head) { $1 })
    }
    #expect(error.mismatch?.leftOver == head.keys.sorted())
  }
}
