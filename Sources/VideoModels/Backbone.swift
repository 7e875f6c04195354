import Torch

/// A video network without a head: five stages, each of which takes the output of the previous one.
///
/// Input [N, 3, T, H, W], normalized; output [N, ``featureCount``, t, h, w]. A subclass makes its layers and defines
/// ``stages`` and ``featureCount``; this class derives features, outputs of stages, shapes and freezing from them.
open class Backbone: Layer {
  /// The stages conv1 to conv5. Grad-CAM uses their outputs, and fine-tuning can freeze the first ones. A network with
  /// other layers groups them into stages, which usually end at a change of resolution.
  open var stages: [(name: StageName, module: Layer)] {
    preconditionFailure("\(type(of: self)) does not define its stages")
  }

  /// The number of channels of the last stage's output.
  open var featureCount: Int {
    preconditionFailure("\(type(of: self)) does not say how many channels it has at its end")
  }

  /// The smallest clip that the network does not reduce to nothing. Smaller clips trap.
  open var minimalClip: Extent3 { .one }

  /// The number of frames, rows and columns of which a clip should have a multiple: the rest of a clip is not seen.
  open var clipUnit: Extent3 { .one }

  /// Turns the output [N, ``featureCount``, t, h, w] into features [N, ``featureCount``]: the mean over time, height and
  /// width, and what the network has after it.
  open func pooled(_ map: Tensor) -> Tensor { map.globalAveragePool() }

  /// Freezes what only ``pooled(_:)`` uses, for a training that makes features in another way: its parameters would get no
  /// gradients. Here nothing.
  open func freezePooling() {}

  /// The number of layers between which learning rates can fall towards the input, including one for what follows the
  /// blocks and stages: the head.
  open var layerCount: Int { stages.count + 1 }

  /// The layer of a parameter, from 0 at the input to ``layerCount`` - 1; here its stage.
  ///
  /// - Parameter parameter: the name, relative to the backbone.
  open func layerIndex(of parameter: String) -> Int {
    stages.firstIndex { parameter.hasPrefix("\($0.name.rawValue).") } ?? layerCount - 1
  }

  /// True for activation checkpointing: while training, only the stages' inputs are kept for the backward pass, which computes
  /// the rest again, one stage at a time. Results are the same; see `Layer.recomputed(_:)`.
  public final var checkpointsActivations = false

  /// The stages by their names: their tensors are `conv1.…` to `conv5.…`.
  open override var children: [(name: String, module: Module)] {
    stages.map { ($0.name.rawValue, $0.module) }
  }

  /// The output of the last stage: [N, 3, T, H, W] to [N, featureCount, t, h, w].
  public final override func callAsFunction(_ clips: Tensor) -> Tensor {
    stages.reduce(prepared(clips)) { output(of: $1.module, $0) }
  }

  /// The output before the ReLU with which the last stage ends: [N, 3, T, H, W] to [N, featureCount, t, h, w]. The output
  /// itself for a network that does not end with a ReLU of its own.
  public final func unrectified(_ clips: Tensor) -> Tensor {
    let input = stages.dropLast().reduce(prepared(clips)) { output(of: $1.module, $0) }
    let last = stages.last!.module
    return (last as? RectifiedLayer)?.unrectified(input) ?? last(input)
  }

  /// The features of clips, see ``pooled(_:)``: [N, 3, T, H, W] to [N, featureCount].
  public final func features(_ clips: Tensor) -> Tensor { pooled(self(clips)) }

  /// The outputs of all stages for clips [N, 3, T, H, W], each [N, C, t, h, w].
  public final func stageOutputs(_ clips: Tensor) -> [Tensor] {
    var input = prepared(clips)
    return stages.map { stage in
      input = stage.module(input)
      return input
    }
  }

  /// The output [N, C, t, h, w] of `stage` for clips [N, 3, T, H, W].
  public final func output(of stage: StageName, _ clips: Tensor) -> Tensor {
    stages.prefix(stage.index + 1).reduce(prepared(clips)) { $1.module($0) }
  }

  /// The output [N, ``featureCount``, t, h, w] of the last stage for the output [N, C, t, h, w] of `stage`.
  public final func output(from stage: StageName, _ activations: Tensor) -> Tensor {
    stages.dropFirst(stage.index + 1).reduce(activations) { $1.module($0) }
  }

  /// The shape [N, C, t, h, w] of each stage's output for clips of shape [N, 3, T, H, W], without computing it.
  public final func stageShapes(_ clips: [Int]) -> [[Int]] {
    withoutGradients { stageOutputs(.uninitialized(clips, device: .meta)).map(\.shape) }
  }

  /// The shape of the output for clips of shape [N, 3, T, H, W], without computing it.
  public final func outputShape(_ clips: [Int]) -> [Int] { stageShapes(clips).last! }

  /// Freezes the first `count` stages permanently; see `Module.freeze()`.
  public final func freezeStages(_ count: Int) {
    precondition((0...stages.count).contains(count), "there are 5 stages, not \(count)")
    // With all stages, also what comes after them: only a head remains.
    if count == stages.count { return freeze() }
    for stage in stages.prefix(count) { stage.module.freeze() }
  }

  /// The output of a stage, computed again in the backward pass if ``checkpointsActivations``.
  final func output(of stage: Layer, _ input: Tensor) -> Tensor {
    checkpointsActivations ? stage.recomputed(input) : stage(input)
  }

  /// The clips in the memory format of the layers. Nothing else converts formats.
  final func prepared(_ clips: Tensor) -> Tensor {
    let (extents, least) = (clips.shape.suffix(3), minimalClip)
    precondition(
      zip(extents, [least.time, least.height, least.width]).allSatisfy { $0 >= $1 },
      "clips of \(Array(extents)) vanish in a network that needs \(least)")
    return clips.contiguous(.video)
  }
}

/// A layer that ends with a ReLU.
protocol RectifiedLayer: Layer {
  /// The output before the ReLU.
  func unrectified(_ input: Tensor) -> Tensor
}
