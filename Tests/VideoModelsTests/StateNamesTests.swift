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
    case .torchvision, .vcop, .videomae, .huggingFace: [nil, .actions]
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

  @Test func videoMAEsNamesAreKnown() throws {
    let names = try #require(Architecture.vitBase.tensorNames(.videomae, head: .actions))
    let others = try #require(Architecture.vitBase.tensorNames(.huggingFace, head: .actions))
    let layer = "videomae.encoder.layer.7"
    for (own, official, huggingFace) in [
      (
        "backbone.conv1.proj.bias", "patch_embed.proj.bias",
        "videomae.embeddings.patch_embeddings.projection.bias"
      ),
      (
        "backbone.conv4.block_2.norm2.weight", "blocks.7.norm2.weight",
        "\(layer).layernorm_after.weight"
      ),
      (
        "backbone.conv4.block_2.attn.q_bias", "blocks.7.attn.q_bias",
        "\(layer).attention.attention.q_bias"
      ),
      (
        "backbone.conv4.block_2.attn.proj.bias", "blocks.7.attn.proj.bias",
        "\(layer).attention.output.dense.bias"
      ),
      (
        "backbone.conv4.block_2.mlp.fc1.weight", "blocks.7.mlp.fc1.weight",
        "\(layer).intermediate.dense.weight"
      ),
      (
        "backbone.conv4.block_2.mlp.fc2.weight", "blocks.7.mlp.fc2.weight",
        "\(layer).output.dense.weight"
      ),
      ("backbone.fc_norm.weight", "fc_norm.weight", "fc_norm.weight"),
      ("head.out.bias", "head.bias", "classifier.bias"),
    ] { #expect(names[own] == official && others[own] == huggingFace) }
    let mixed = try #require(others["backbone.conv4.block_2.attn.qkv.weight"])
    #expect(
      StateNames.parts(of: mixed)
        == ["query", "key", "value"].map { "\(layer).attention.attention.\($0).weight" })
    #expect(names.count == 2 + 12 * 13 + 2 + 2)
  }

  /// The state dict of a pre-training of ViT-S with 4 blocks of the decoder, in VideoMAE's code or in Hugging Face's.
  private func pretraining(_ names: StateNames) throws -> [String: [Int]] {
    let isOfficial = names == .videomae
    var shapes: [String: [Int]] = [:]
    for (name, shape) in try self.shapes(.vitSmall, names, width: 64, head: nil)
    where !name.hasPrefix("fc_norm") {
      if isOfficial {
        shapes["encoder.\(name)"] = shape
      } else {
        for part in StateNames.parts(of: name) {
          shapes[part] = part == name ? shape : [shape[0] / 3, shape[1]]
        }
      }
    }
    let norm = isOfficial ? "encoder.norm" : "videomae.layernorm"
    shapes["\(norm).weight"] = [384]
    shapes["\(norm).bias"] = [384]
    shapes["mask_token"] = [1, 1, 192]
    shapes["encoder_to_decoder.weight"] = [192, 384]
    shapes["decoder.norm.weight"] = [192]
    let block = isOfficial ? "decoder.blocks.3" : "decoder.decoder_layers.3"
    shapes["\(block).\(isOfficial ? "mlp.fc2" : "output.dense").bias"] = [192]
    for part in isOfficial ? ["qkv"] : ["query", "key", "value"] {
      let attention = isOfficial ? "attn" : "attention.attention"
      shapes["\(block).\(attention).\(part).weight"] = [isOfficial ? 576 : 192, 192]
    }
    return shapes
  }

  /// What a pre-training has besides the encoder is left out on purpose; anything else is an error.
  @Test(arguments: [StateNames.videomae, .huggingFace], ["", "module."])
  func pretrainingsOfVideoMAEAreRecognized(names: StateNames, wrapper: String) throws {
    var shapes = try pretraining(names)
    shapes = Dictionary(uniqueKeysWithValues: shapes.map { (wrapper + $0.key, $0.value) })
    let network = try RecognizedNetwork(shapes: shapes)
    #expect(network.architecture == .vitSmall && network.width == 64 && network.head == nil)
    #expect(network.names == names)
    let norm = names == .videomae ? "encoder.norm" : "videomae.layernorm"
    let block =
      names == .videomae
      ? ["decoder.blocks.3.attn.qkv.weight", "decoder.blocks.3.mlp.fc2.bias"]
      : [
        "decoder.decoder_layers.3.attention.attention.qkv.weight",
        "decoder.decoder_layers.3.output.dense.bias",
      ]
    let others =
      block + [
        "decoder.norm.weight", "\(norm).bias", "\(norm).weight", "encoder_to_decoder.weight",
        "mask_token",
      ]
    #expect(Set(network.others) == Set(others.map { wrapper + $0 }))
    // Both are kept under the names of masked modeling's network.
    #expect(
      network.others.map { network.taskName(of: $0) }.sorted() == [
        "decoder.blocks.3.attn.qkv.weight", "decoder.blocks.3.mlp.fc2.bias", "decoder.norm.weight",
        "encoder_norm.bias", "encoder_norm.weight", "encoder_to_decoder.weight", "mask_token",
      ])
    // What is missing begins as it is in a new network.
    let state = shapes.mapValues { Tensor.zeros($0) }
    let own = network.ownState(state)
    #expect(own["backbone.fc_norm.weight"]?.doubles == Array(repeating: 1, count: 384))
    #expect(own["backbone.conv3.block_1.attn.qkv.weight"]?.shape == [1152, 384])
    #expect(own.count == network.namesInFile.count)
    // No two names of a tensor, also not by mixing the layouts.
    let twice =
      names == .videomae
      ? [
        "decoder.blocks.03.norm1.weight", "decoder.blocks.+3.norm1.weight",
        "decoder.decoder_layers.3.output.dense.bias", "videomae.layernorm.weight",
      ]
      : [
        "decoder.decoder_layers.03.output.dense.bias", "decoder.blocks.3.mlp.fc2.bias",
        "encoder.norm.weight",
      ]
    for strange in twice + [
      "cls_token", "blocks.12.norm1.weight", "encoder.blocks.12.norm1.weight", "decoder.strange",
      "decoder.blocks.3.gamma_1", "decoder.blocks.-1.norm1.weight", "decoder.blocks..norm1.weight",
      "decoder.decoder_layers.0.norm1.weight",
    ] {
      var other = shapes
      other[wrapper + strange] = [384]
      let error = try #require(throws: UnrecognizedNetwork.self) {
        try RecognizedNetwork(shapes: other)
      }
      #expect(error.mismatch?.leftOver.count == 1 && "\(error)".contains(strange.suffix(9)))
    }
    // A head needs its normalization.
    shapes[wrapper + (names == .videomae ? "encoder.head.weight" : "classifier.weight")] = [5, 384]
    shapes[wrapper + (names == .videomae ? "encoder.head.bias" : "classifier.bias")] = [5]
    let error = try #require(throws: UnrecognizedNetwork.self) {
      try RecognizedNetwork(shapes: shapes)
    }
    #expect(error.mismatch?.missing == ["fc_norm.weight", "fc_norm.bias"])
  }

  @Test func masksAndDecodersHaveVideoMAEsNames() {
    for (own, official) in [
      ("mask_token", "mask_token"), ("encoder_norm.bias", "encoder.norm.bias"),
      ("decoder.norm.bias", "decoder.norm.bias"), ("decoder.head.weight", "decoder.head.weight"),
      ("decoder.blocks.11.attn.qkv.weight", "decoder.blocks.11.attn.qkv.weight"),
      ("encoder.norm.bias", nil), ("decoder.blocks.0.gamma_1", nil), ("agg.weight", nil),
      ("backbone.conv1.proj.weight", nil), ("videomae.layernorm.bias", nil), ("", nil),
    ] as [(String, String?)] {
      #expect(StateNames.videoMAEPretrainingName(of: own) == official, "\(own)")
    }
  }

  /// A tensor that an error says is elsewhere, and another with just that text as its name.
  @Test func namesLikeErrorsAreNoNetworks() throws {
    let error = try #require(throws: UnrecognizedNetwork.self) {
      try RecognizedNetwork(shapes: [
        "encoder.patch_embed.proj.weight": [192, 3, 2, 8, 8], "foo": [1],
        "encoder.foo (outside of encoder.)": [1],
      ])
    }
    #expect(error.mismatch?.leftOver == ["foo (outside of encoder.)"])
    #expect(error.nearest?.architecture == .vitTiny)
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
  /// those of S3D-G, which is preferred unless a file names the other, and that the heads of transformers are not in their
  /// tensors: without a name, those of the usual width are preferred, and of other programs there are no others.
  @Test(arguments: Architecture.allCases, StateNames.allCases)
  func networksAreRecognizedByTheirTensors(architecture: Architecture, names: StateNames) throws {
    guard names.supports(architecture) else { return }
    for width in [1, 2, 3, 5, 8, 24, 63, 64, 200] {
      for head in Self.heads(names) {
        let shapes = try shapes(architecture, names, width: width, head: head, classes: 7)
        let network = try RecognizedNetwork(shapes: shapes, expecting: architecture)
        #expect(network.architecture == architecture && network.names == names)
        if width == 64 || !architecture.isTransformer {
          #expect(
            try RecognizedNetwork(shapes: shapes, expecting: .c3d).architecture
              == (architecture == .speednetS3dg ? .s3dg : architecture))
        } else if names != .mosi {
          #expect(throws: UnrecognizedNetwork.self) { try RecognizedNetwork(shapes: shapes) }
        }
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
