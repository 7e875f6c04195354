import Configuration
import Foundation
import KeyedRandom
import TestSupport
import Testing

@Suite struct ConfigurationTests {
  private func complaint(of settings: String...) -> String {
    TestSupport.complaint { _ = try PretrainingConfiguration(settings: settings) }
  }

  private func read(_ yaml: String) throws -> PretrainingConfiguration {
    try PretrainingConfiguration(yaml: yaml, origin: "x.yaml")
  }

  // MARK: Defaults

  /// Section 3.3 and the appendix of the paper.
  @Test func defaultsAreThePapers() throws {
    let c = PretrainingConfiguration()
    try c.check()
    #expect(c.sources.size == 320 && c.clip.size == 112 && c.clip.frames == 16)
    #expect(c.labels.granularity == 2 && c.labels.axes == .both)
    #expect(c.mask.enabled && c.mask.ratio == [0.3, 0.5] && !c.mask.curriculum.enabled)
    #expect(c.mask.curriculum.initial == [0.95, 1] && c.mask.curriculum.share == 0.6)
    #expect(c.jitter.brightness == 0.5 && c.jitter.contrast == 0.5 && c.jitter.saturation == 0.5)
    #expect(c.jitter.hue == 0.25 && c.jitter.greyscale == 0.3)
    #expect(c.normalization.mean == [0.45, 0.45, 0.45])
    #expect(c.normalization.deviation == [0.225, 0.225, 0.225])
    #expect(c.model.architecture == .r2d3d18 && c.model.width == 64 && c.model.dropout == 0.5)
    #expect(c.model.batchNormEpsilon == 1e-3)
    #expect(c.optimizer.kind == .adam && c.optimizer.learningRate == 1e-3)
    #expect(c.optimizer.warmupLearningRate == 1e-4 && c.optimizer.warmupShare == 0.1)
    #expect(c.optimizer.weightDecay == 1e-4)
    #expect(c.epochs == 100 && c.batch.sources * c.batch.accumulation == 160)
    #expect(c.batch.sources == 10)
    #expect(c.model.makeModel(head: .pretext, classes: 9, seed: 0).parameterCount == 14_059_849)
  }

  /// Left out, so that runs begun without these settings go on as they were.
  @Test func whatGoesBeyondThePaperIsOff() throws {
    let c = PretrainingConfiguration()
    #expect(c.mask.shape == .square && c.mask.background == .static)
    #expect(c.mask.backgroundSpeed == 0.5)
    #expect(!c.augmentation.flips && !c.augmentation.rotations)
    #expect(c.task.mask?.shape == .square && c.task.mask?.backgroundSpeed == nil)
    #expect(c.task.symmetries == [.identity])
  }

  @Test func whatGoesBeyondThePaperReachesTheTask() throws {
    let c = try PretrainingConfiguration(
      settings: [
        "mask.shape=blob", "mask.background=drifting", "mask.background_speed=0.25",
        "augmentation.flips=true", "augmentation.rotations=true",
      ])
    #expect(try read(c.yaml) == c)
    #expect(c.task.mask?.shape == .blob && c.task.mask?.backgroundSpeed == 0.25)
    #expect(c.task.symmetries.count == 8)
    #expect(try PretrainingConfiguration(settings: ["mask.enabled=false"]).task.mask == nil)
  }

  /// A clip that is turned by 90 degrees moves along the other axis.
  @Test(arguments: ["x", "y"])
  func clipsOfOneAxisAreFlippedButNotTurned(axes: String) throws {
    let text = complaint(of: "labels.axes=\(axes)", "augmentation.rotations=true")
    #expect(text.hasPrefix("the configuration's augmentation.rotations needs labels.axes=xy: "))
    #expect(text.contains("labels.axes=\(axes) has no label") && !text.contains("\n"))
    let c = try PretrainingConfiguration(
      settings: ["labels.axes=\(axes)", "augmentation.flips=true"])
    #expect(c.task.symmetries.count == 4)
  }

  @Test func driftingBackgroundsNeedThreeFrames() {
    let text = complaint(of: "mask.background=drifting", "clip.frames=2")
    #expect(text.hasPrefix("the configuration's clip.frames must be at least 3 for"), "\(text)")
    #expect(complaint(of: "mask.background=drifting", "clip.frames=3") == "no error")
  }

  // MARK: Reading

  @Test func filesChangeWhatTheyName() throws {
    let c = try read(
      """
      epochs: 3
      mask:
        enabled: false
        ratio: [0.2, 0.9]
      optimizer: {learning_rate: 2e-3, kind: sgd}
      sources:
        paths:
          - a b
          - "007"
      model:
        architecture: r2plus1d-10
      """)
    #expect(c.epochs == 3 && !c.mask.enabled && c.mask.ratio == [0.2, 0.9])
    #expect(c.optimizer.learningRate == 0.002 && c.optimizer.kind == .sgd)
    #expect(c.sources.paths == ["a b", "007"] && c.model.architecture == .r2plus1d10)
    #expect(c.clip == PretrainingConfiguration().clip)
  }

  @Test(arguments: ["", "\n", "# nothing\n", "---\n"])
  func emptyFilesChangeNothing(yaml: String) throws {
    #expect(try read(yaml) == PretrainingConfiguration())
  }

  @Test func settingsComeAfterEachOther() throws {
    let c = try PretrainingConfiguration(
      settings: [
        "epochs=3", "epochs=4", "optimizer.learning_rate=1e-3", "mask.ratio=[0.1, 0.2]",
        "jitter.hue=.1", "mask.enabled=false", "sources.paths=[a=b, c]", "precision=bfloat16",
        "sources.validation_paths=one", "optimizer.weight_decay=0",
      ])
    #expect(c.epochs == 4 && c.optimizer.learningRate == 0.001 && c.mask.ratio == [0.1, 0.2])
    #expect(c.jitter.hue == 0.1 && !c.mask.enabled && c.sources.paths == ["a=b", "c"])
    #expect(c.precision == .bfloat16 && c.sources.validationPaths == ["one"])
    #expect(c.optimizer.weightDecay == 0)
  }

  // MARK: Mistakes

  @Test(arguments: [
    ("learning_rate=1", "optimizer.learning_rate"),
    ("optimizer.lerning_rate=1", "optimizer.learning_rate"),
    ("epoch=1", "epochs"), ("mask.enable=true", "mask.enabled"), ("clip.frame=8", "clip.frames"),
    ("optimizer.learningRate=1", "optimizer.learning_rate"), ("mask.Ratio=[1,1]", "mask.ratio"),
    ("Batch.sources=1", "batch"), ("optimiser.kind=sgd", "optimizer"),
    ("mask.curriculum.shares=1", "mask.curriculum.share"),
  ])
  func unknownKeysNameTheNearest(setting: String, nearest: String) {
    let key = setting.prefix { $0 != "=" }
    // Where a group is unknown its own name is what is wrong.
    let text = complaint(of: setting)
    #expect(text.hasPrefix("--set \(setting): there is no key \(key.split(separator: ".")[0])"))
    #expect(text.hasSuffix("; did you mean \(nearest)?"), "\(text)")
  }

  @Test func unknownKeysInFilesNameTheFile() {
    #expect(
      TestSupport.complaint { _ = try read("mask:\n  raito: [0.3, 0.5]\n") }
        == "x.yaml: there is no key mask.raito; did you mean mask.ratio?")
    // Nothing is guessed where nothing is near.
    #expect(
      TestSupport.complaint { _ = try read("zzzzzzzzzzzzz: 1\n") }
        == "x.yaml: there is no key zzzzzzzzzzzzz")
  }

  @Test(arguments: [
    ("epochs=many", "epochs must be a number, not many"),
    ("epochs=2.5", "epochs must be a whole number in range"),
    ("epochs=1e30", "epochs must be a whole number in range"),
    ("epochs=true", "epochs must be a number"),
    ("epochs=", "epochs must be a number"),
    ("epochs=[1, 2]", "epochs must be a number"),
    ("mask.enabled=1", "mask.enabled must be true or false, not 1"),
    ("mask.enabled=perhaps", "mask.enabled must be true or false, not perhaps"),
    ("mask.ratio=[a, b]", "mask.ratio must be a number, not a"),
    (
      "mask=0.5",
      "mask must be a group of keys (background, background_speed, curriculum, enabled, ratio, shape)"
    ),
    ("optimizer.learning_rate=.nan", "optimizer.learning_rate must be a number"),
    ("optimizer.learning_rate=.inf", "optimizer.learning_rate must be a number"),
    ("optimizer.learning_rate=nan", "optimizer.learning_rate must be a number"),
    (
      "model.architecture=resnet",
      "one of r2d3d-18, r2d3d-34, r2plus1d-10, r2plus1d-18, r3d-18, mc3-18, r2plus1d-18-torchvision, not resnet"
    ),
    ("labels.axes=z", "labels.axes must be one of"),
    ("mask.shape=circle", "mask.shape must be one of square, ellipse, polygon, blob, mixed"),
    ("mask.background=moving", "mask.background must be one of static, drifting, not moving"),
    ("augmentation.flips=1", "augmentation.flips must be true or false, not 1"),
    ("sources.paths=[[a]]", "sources.paths must be a text"),
  ])
  func wrongTypesNameTheKey(setting: String, text: String) {
    let found = complaint(of: setting)
    #expect(found.hasPrefix("--set \(setting): ") && found.contains(text), "\(found)")
  }

  @Test(arguments: ["epochs", "=3", "", " "])
  func settingsNeedKeyAndValue(setting: String) {
    #expect(complaint(of: setting).hasPrefix("--set \(setting): write key=value"))
  }

  @Test(arguments: [
    ("clip.frames=0", "clip.frames"), ("clip.frames=1", "clip.frames"),
    ("clip.frames=-3", "clip.frames"),
    ("clip.size=321", "clip.size"), ("clip.size=320", "clip.size"), ("clip.size=0", "clip.size"),
    ("sources.size=100", "clip.size"), ("sources.size=0", "sources.size"),
    ("sources.size=100000", "sources.size"), ("mask.ratio=[0.3, 1.5]", "mask.ratio"),
    ("mask.ratio=[0.5, 0.3]", "mask.ratio"), ("mask.ratio=[0, 0.3]", "mask.ratio"),
    ("mask.ratio=0.5", "mask.ratio"), ("mask.ratio=[]", "mask.ratio"),
    ("mask.curriculum.initial=[0.9, 2]", "mask.curriculum.initial"),
    ("mask.curriculum.share=0", "mask.curriculum.share"),
    ("mask.background_speed=0", "mask.background_speed"),
    ("mask.background_speed=1", "mask.background_speed"),
    ("sources.validation_fraction=1", "sources.validation_fraction"),
    ("sources.validation_fraction=-0.1", "sources.validation_fraction"),
    ("sources.per_folder=-1", "sources.per_folder"),
    ("sources.per_folder=1000000000000000000", "sources.per_folder"),
    ("epochs=4000000000000000000", "epochs"),
    ("batch.sources=4000000000000000000", "batch.sources"),
    ("batch.accumulation=4000000000000000000", "batch.accumulation"),
    ("sources.paths=[]", "sources.paths"), ("epochs=0", "epochs"), ("seed=-1", "seed"),
    ("batch.sources=0", "batch.sources"), ("batch.accumulation=0", "batch.accumulation"),
    ("model.width=0", "model.width"), ("model.dropout=1", "model.dropout"),
    ("labels.granularity=0", "labels.granularity"), ("jitter.hue=0.6", "jitter.hue"),
    ("jitter.greyscale=1.1", "jitter.greyscale"), ("jitter.contrast=-1", "jitter.contrast"),
    ("normalization.mean=[0.5]", "normalization.mean"),
    ("normalization.deviation=[0, 1, 1]", "normalization.deviation"),
    ("optimizer.learning_rate=0", "optimizer.learning_rate"),
    ("optimizer.warmup_share=1.5", "optimizer.warmup_share"),
    ("optimizer.weight_decay=-1", "optimizer.weight_decay"),
    ("records.step_interval=0", "records.step_interval"),
    ("records.checkpoint_minutes=0", "records.checkpoint_minutes"),
  ])
  func impossibleValuesAreRefused(setting: String, key: String) {
    let text = complaint(of: setting)
    #expect(text.hasPrefix("the configuration's \(key) "), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test(arguments: [
    "a: [1, 2", "epochs: 3\n  mask: 1\n", "- 1\n- 2\n", "just words\n", "\t- x",
  ])
  func brokenFilesAreRefusedInOneSentence(yaml: String) {
    let text = TestSupport.complaint { _ = try read(yaml) }
    #expect(text.hasPrefix("the configuration x.yaml cannot be read: "), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func missingFilesAreRefused() {
    let text = TestSupport.complaint { _ = try PretrainingConfiguration(file: "/nowhere/x.yaml") }
    #expect(text == "cannot read /nowhere/x.yaml: No such file or directory")
  }

  // MARK: Round trips

  @Test func defaultsSurviveAFile() throws {
    #expect(try read(PretrainingConfiguration().yaml) == PretrainingConfiguration())
  }

  /// Every bit of a number is kept, else a run could not be resumed with the settings that began it. Other readers
  /// of YAML need a point to see a number.
  @Test func numbersSurviveAFile() throws {
    var generator = KeyedGenerator(41)
    for _ in 0..<50 {
      var c = PretrainingConfiguration()
      c.seed = Int(generator.next() >> 1)
      c.optimizer.learningRate = exp(generator.uniform(in: -30...3))
      c.optimizer.weightDecay = generator.uniform()
      c.normalization.mean = (0..<3).map { _ in generator.uniform() * 1e-7 }
      let yaml = try c.yaml
      let back = try read(yaml)
      #expect(back == c)
      #expect(try c.differences(from: back).isEmpty)
      #expect(yaml.split(separator: "\n").allSatisfy { !$0.contains("e-") || $0.contains(".") })
    }
  }

  @Test func plainNumbersAreWrittenPlainly() throws {
    let yaml = try PretrainingConfiguration().yaml
    for line in ["  learning_rate: 0.001\n", "  ratio: [0.3, 0.5]\n", "epochs: 100\n"] {
      #expect(yaml.contains(line), "\(yaml)")
    }
  }

  @Test func textsSurviveAFile() throws {
    var c = PretrainingConfiguration()
    c.sources.paths = [
      "007", "1.50", "1e5", "yes", "null", "~", "#a", "a: b", "- x", "it's", "\"q\"", "ä ö/日本",
      " spaces ", "a,b", "[x]", "{x}", "*x", "&x", "!x", "%x", "0x1F", "2020-01-01", "line\nbreak",
      "\\",
    ]
    c.sources.validationPaths = ["true"]
    #expect(try read(c.yaml) == c)
    #expect(try read(c.yaml).differences(from: c).isEmpty)
  }

  // MARK: Differences

  @Test func differencesNameTheKeys() throws {
    let c = PretrainingConfiguration()
    var d = c
    d.epochs = 3
    d.mask.curriculum.share = 0.5
    d.sources.paths.append("x")
    #expect(try c.differences(from: d) == ["epochs", "mask.curriculum.share", "sources.paths"])
    #expect(try c.differences(from: c).isEmpty)
  }
}
