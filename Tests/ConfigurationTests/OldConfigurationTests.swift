import Configuration
import Foundation
import Testing

/// Files, checkpoints and settings with the names of version 0.1.0. The goldens are config.yaml of two runs of that
/// version.
@Suite struct OldConfigurationTests {
  private func golden(_ name: String) throws -> String {
    let url = try #require(Bundle.module.url(forResource: "Goldens/\(name)", withExtension: nil))
    return try String(contentsOf: url, encoding: .utf8)
  }

  @Test func pretrainingsAreRead() throws {
    let c = try PretrainingConfiguration(yaml: golden("pretraining-0.1.0.yaml"), origin: "old")
    var expected = PretrainingConfiguration()
    expected.seed = 7
    expected.epochs = 1
    expected.task.mosi.labels.granularity = 1
    expected.task.mosi.labels.axes = .x
    expected.task.mosi.mask.shape = .blob
    expected.task.mosi.mask.background = .drifting
    expected.task.mosi.mask.backgroundSpeed = 0.25
    expected.task.mosi.mask.curriculum.enabled = true
    expected.task.mosi.mask.curriculum.fraction = 0.5
    expected.task.mosi.augmentation.flips = true
    expected.sources.paths = ["synthetic:dead-leaves:8"]
    expected.sources.maxPerFolder = 3
    expected.sources.size = 32
    expected.clip.frames = 3
    expected.clip.size = 16
    expected.jitter.grayscaleProbability = 0.2
    expected.normalization.std = [0.2, 0.21, 0.22]
    expected.model.width = 2
    expected.optimizer.warmupFraction = 0.25
    expected.optimizer.warmupStartLearningRate = 2e-5
    expected.batch.sources = 2
    expected.batch.accumulationSteps = 2
    expected.precision = .bfloat16
    expected.records.logEverySteps = 2
    expected.records.checkpointEveryMinutes = 3
    #expect(c == expected)
    #expect(c.differences(from: expected).isEmpty)
  }

  @Test func finetuningsAreRead() throws {
    let c = try FinetuningConfiguration(yaml: golden("finetuning-0.1.0.yaml"), origin: "old")
    var expected = FinetuningConfiguration()
    expected.seed = 3
    expected.epochs = 1
    expected.dataset.kind = .csv
    expected.dataset.videos = "sprites"
    expected.dataset.shots = 1
    expected.start.weights = "pre"
    expected.start.frozenStages = 1
    expected.clip.frames = 3
    expected.clip.interval = 2
    expected.clip.framesPerSecond = 15
    expected.clip.size = 24
    expected.clip.crop = .released
    expected.clip.flipProbability = 0.25
    expected.jitter.grayscaleProbability = 0.1
    expected.normalization.std = [0.2, 0.21, 0.22]
    expected.model.width = 2
    expected.batch.clips = 5
    expected.batch.accumulationSteps = 2
    expected.regularization.labelSmoothing = 0.1
    expected.regularization.maxGradientNorm = 2
    expected.regularization.emaDecay = 0.5
    expected.validation.everyEpochs = 1
    expected.validation.clipsPerVideo = 2
    expected.validation.testClipsPerVideo = nil
    #expect(c == expected)
  }

  /// Otherwise, runs that `mosi reproduce` finished with that version would be trained again: their names contain a
  /// digest of this text.
  @Test func identitiesAreTheYAMLOfVersion010() throws {
    let pretraining = try golden("pretraining-0.1.0.yaml")
    #expect(
      try PretrainingConfiguration(yaml: pretraining, origin: "old").identity == pretraining)
    let finetuning = try golden("finetuning-0.1.0.yaml")
    #expect(try FinetuningConfiguration(yaml: finetuning, origin: "old").identity == finetuning)
    // Keys that were added later are included only if they were changed.
    var c = PretrainingConfiguration()
    let before = try c.identity
    #expect(!before.contains("rotation:") && !before.contains("kind: mosi"))
    c.task.kind = .rotation
    #expect(try c.identity.hasSuffix("task:\n  kind: rotation\n"))
  }

  /// 0, "" and none had the meaning of null.
  @Test func sentinelsAreAbsentValues() throws {
    let c = try FinetuningConfiguration(settings: [
      "dataset.shots=0", "dataset.splits=''", "dataset.videos=''", "start.weights=none",
      "regularization.gradient_norm=0", "regularization.average_decay=0.0",
      "validation.epochs=0", "validation.final_clips=0",
    ])
    #expect(c.dataset.shots == nil && c.dataset.splits == nil && c.dataset.videos == nil)
    #expect(c.start.weights == nil && c.validation.everyEpochs == nil)
    #expect(c.regularization.maxGradientNorm == nil && c.regularization.emaDecay == nil)
    #expect(c.validation.testClipsPerVideo == nil)
    #expect(
      try PretrainingConfiguration(settings: ["sources.per_folder=0"]).sources.maxPerFolder == nil)
    let identity = try c.identity
    for line in [
      "  shots: 0\n", "  splits: ''\n", "  weights: none\n", "  gradient_norm: 0.0\n",
      "  final_clips: 0\n",
    ] {
      #expect(identity.contains(line), "\(identity)")
    }
  }

  @Test(arguments: [
    ("clip.rate=25", "clip.frames_per_second"), ("clip.flip=0", "clip.flip_probability"),
    ("clip.preset=released", "clip.crop"), ("batch.accumulation=3", "batch.accumulation_steps"),
    ("optimizer.warmup_share=0.5", "optimizer.warmup_fraction"),
    ("optimizer.warmup_learning_rate=1", "optimizer.warmup_start_learning_rate"),
    ("validation.epochs=3", "validation.every_epochs"),
    ("validation.clips=3", "validation.clips_per_video"),
    ("validation.final_clips=3", "validation.test_clips_per_video"),
    ("regularization.gradient_norm=3", "regularization.max_gradient_norm"),
    ("regularization.average_decay=0.3", "regularization.ema_decay"),
    ("records.step_interval=3", "records.log_every_steps"),
    ("records.checkpoint_minutes=3", "records.checkpoint_every_minutes"),
    ("jitter.greyscale=0.5", "jitter.grayscale_probability"),
    ("normalization.deviation=[1, 1, 1]", "normalization.std"),
  ])
  func renamedKeysAreSetByBothNames(setting: String, name: String) throws {
    let value = setting.drop { $0 != "=" }
    let old = try FinetuningConfiguration(settings: [setting])
    #expect(old == (try FinetuningConfiguration(settings: [name + value])))
    #expect(old.differences(from: FinetuningConfiguration()) == [name])
    let key = String(setting.prefix { $0 != "=" })
    #expect(try FinetuningConfiguration.currentName(of: key, origin: "") == name)
  }

  @Test func aSettingUnderTwoNamesIsRejected() {
    let text = "clip:\n  rate: 25\n  frames_per_second: 30\n"
    #expect {
      _ = try FinetuningConfiguration(yaml: text, origin: "x.yaml")
    } throws: {
      "\($0)"
        == "x.yaml: clip.rate and clip.frames_per_second are the same setting: remove one of them"
    }
    #expect {
      _ = try PretrainingConfiguration(
        yaml: "mask: {enabled: false}\ntask: {mosi: {mask: {enabled: true}}}\n", origin: "x.yaml")
    } throws: {
      "\($0)".hasPrefix("x.yaml: mask.enabled and task.mosi.mask.enabled are the same setting")
    }
  }

  /// As in the metadata of weights.
  @Test func partsAreReadFromJSON() throws {
    func decoded<Part: Settings>(_ json: String, _: Part.Type) throws -> Part {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(Part.self, from: Data(json.utf8))
    }
    var clip = ClipSettings()
    (clip.flipProbability, clip.frames, clip.interval) = (0.25, 3, 2)
    (clip.crop, clip.framesPerSecond, clip.size) = (.released, 15, 24)
    #expect(
      try decoded(
        #"{"flip":0.25,"frames":3,"interval":2,"preset":"released","rate":15,"size":24}"#,
        ClipSettings.self) == clip)
    var pseudo = ClipSettings()
    (pseudo.frames, pseudo.size) = (3, 16)
    #expect(try decoded(#"{"frames":3,"size":16}"#, ClipSettings.self) == pseudo)
    var model = ModelSettings()
    model.width = 2
    #expect(
      try decoded(
        #"{"architecture":"r2d3d-18","batch_norm_epsilon":0.001,"dropout":0.5,"width":2}"#,
        ModelSettings.self) == model)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.keyEncodingStrategy = .convertToSnakeCase
    #expect(
      String(decoding: try encoder.encode(clip), as: UTF8.self)
        == #"{"crop":"released","flip_probability":0.25,"frames":3,"frames_per_second":15,"interval":2,"size":24}"#
    )
    #expect(
      try decoded(String(decoding: encoder.encode(clip), as: UTF8.self), ClipSettings.self) == clip)
    for unsound in ["[]", "3", "{}", #"{"x":1}"#, #"{"frames":"many"}"#, #"{"frames":null}"#] {
      #expect(throws: (any Error).self) { try decoded(unsound, ClipSettings.self) }
    }
  }
}
