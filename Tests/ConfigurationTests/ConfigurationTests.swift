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
    #expect(c.task.kind == .mosi)
    #expect(c.task.mosi.labels.granularity == 2 && c.task.mosi.labels.axes == .both)
    let mask = c.task.mosi.mask
    #expect(mask.enabled && mask.ratio == 0.3...0.5 && !mask.curriculum.enabled)
    #expect(mask.curriculum.initial == 0.95...1 && mask.curriculum.fraction == 0.6)
    #expect(c.jitter.brightness == 0.5 && c.jitter.contrast == 0.5 && c.jitter.saturation == 0.5)
    #expect(c.jitter.hue == 0.25 && c.jitter.grayscaleProbability == 0.3)
    #expect(c.normalization.mean == [0.45, 0.45, 0.45])
    #expect(c.normalization.std == [0.225, 0.225, 0.225])
    #expect(c.model.architecture == .r2d3d18 && c.model.width == 64 && c.model.dropout == 0.5)
    #expect(c.model.batchNormEpsilon == 1e-3)
    #expect(c.optimizer.kind == .adam && c.optimizer.learningRate == 1e-3)
    #expect(c.optimizer.warmupStartLearningRate == 1e-4 && c.optimizer.warmupFraction == 0.1)
    #expect(c.optimizer.weightDecay == 1e-4)
    #expect(c.epochs == 100 && c.batch.sources * c.batch.accumulationSteps == 160)
    #expect(c.batch.sources == 10)
    #expect(c.model.makeModel(head: .pretext, classes: 9, seed: 0).parameterCount == 14_059_849)
  }

  /// They are not written, so that runs begun without these settings resume unchanged.
  @Test func optionsBeyondThePaperAreOff() throws {
    let c = PretrainingConfiguration()
    #expect(c.task.mosi.mask.shape == .square && c.task.mosi.mask.background == .static)
    #expect(c.task.mosi.mask.backgroundSpeed == 0.5)
    #expect(!c.task.mosi.augmentation.flips && !c.task.mosi.augmentation.rotations)
    #expect(c.motionTask.mask?.shape == .square && c.motionTask.mask?.backgroundSpeed == nil)
    #expect(c.motionTask.symmetries == [.identity])
  }

  @Test func optionsBeyondThePaperReachTheTask() throws {
    let c = try PretrainingConfiguration(
      settings: [
        "task.mosi.mask.shape=blob", "task.mosi.mask.background=drifting",
        "task.mosi.mask.background_speed=0.25", "task.mosi.augmentation.flips=true",
        "task.mosi.augmentation.rotations=true",
      ])
    #expect(try read(c.yaml) == c)
    #expect(c.motionTask.mask?.shape == .blob && c.motionTask.mask?.backgroundSpeed == 0.25)
    #expect(c.motionTask.symmetries.count == 8)
    #expect(try PretrainingConfiguration(settings: ["mask.enabled=false"]).motionTask.mask == nil)
  }

  /// A clip that is rotated by 90 degrees moves along the other axis.
  @Test(arguments: ["x", "y"])
  func clipsOfOneAxisAreFlippedButNotTurned(axes: String) throws {
    let text = complaint(of: "labels.axes=\(axes)", "augmentation.rotations=true")
    #expect(
      text.hasPrefix("the configuration's task.mosi.augmentation.rotations needs labels.axes=xy: "))
    #expect(text.contains("labels.axes=\(axes) has no label") && !text.contains("\n"))
    let c = try PretrainingConfiguration(
      settings: ["labels.axes=\(axes)", "augmentation.flips=true"])
    #expect(c.motionTask.symmetries.count == 4)
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
    #expect(c.epochs == 3 && !c.task.mosi.mask.enabled && c.task.mosi.mask.ratio == 0.2...0.9)
    #expect(c.optimizer.learningRate == 0.002 && c.optimizer.kind == .sgd)
    #expect(c.sources.paths == ["a b", "007"] && c.model.architecture == .r2plus1d10)
    #expect(c.clip == PretrainingConfiguration().clip)
  }

  @Test(arguments: ["", "\n", "# nothing\n", "---\n"])
  func emptyFilesChangeNothing(yaml: String) throws {
    #expect(try read(yaml) == PretrainingConfiguration())
  }

  /// YAML 1.1 reads numbers differently from people: 012 would be 10, 12:30 would be 750, 1_0 would be 10.
  @Test(arguments: [
    ("seed=0123", 123), ("seed=016", 16), ("seed=+5", 5), ("seed=1e3", 1000), ("seed=20.0", 20),
    ("seed=9007199254740993", 9_007_199_254_740_993),
  ])
  func numbersAreReadAsTheyAreWritten(setting: String, seed: Int) throws {
    #expect(try PretrainingConfiguration(settings: [setting]).seed == seed)
    let line = setting.replacingOccurrences(of: "=", with: ": ")
    #expect(try PretrainingConfiguration(yaml: line, origin: "x").seed == seed)
  }

  @Test(arguments: [
    "0x10", "0o17", "0b11", "12:30", "1:30:00", "1_0", "1,000", "١٢", "1e400", ".inf", ".nan",
    "nan",
    "infinity", "0x1p3", "1.2.3", "--1", "5 m",
  ])
  func otherNumbersAreRefused(text: String) {
    for (key, form) in [("seed", "a whole number"), ("optimizer.learning_rate", "a number")] {
      #expect(
        TestSupport.complaint { _ = try PretrainingConfiguration(settings: ["\(key)=\(text)"]) }
          == "--set \(key)=\(text): \(key) must be \(form), not \(text)")
    }
  }

  @Test func textsThatLookLikeNumbersStayTexts() throws {
    let c = try PretrainingConfiguration(settings: ["sources.paths=[0123, 1_0, 12:30, 1e3]"])
    #expect(c.sources.paths == ["0123", "1_0", "12:30", "1e3"])
    #expect(try PretrainingConfiguration(yaml: c.yaml, origin: "x") == c)
  }

  /// A dotted key in a file has the same meaning as with --set.
  @Test func dottedKeysOfFilesAreRead() throws {
    let c = try PretrainingConfiguration(
      yaml: """
        clip.frames: 8
        clip: {size: 56}
        mask.ratio: [0.2, 0.4]
        task.mosi.labels: {axes: x}
        """, origin: "x")
    #expect(c.clip.frames == 8 && c.clip.size == 56 && c.task.mosi.mask.ratio == 0.2...0.4)
    #expect(c.task.mosi.labels.axes == .x)
    for (yaml, problem) in [
      ("clip.framez: 8", "there is no key clip.framez; did you mean clip.frames?"),
      ("clip.frames.x: 8", "clip.frames must be a whole number, not a group of keys"),
      ("clap.frames: 8", "there is no key clap.frames; did you mean clip.frames?"),
      (".frames: 8", "there is no key .frames; did you mean clip.frames?"),
      ("clip..frames: 8", "there is no key clip..frames; did you mean clip.frames?"),
      (
        "clip.frames: 8\nclip: {frames: 9}",
        "clip.frames and clip.frames are the same setting: remove one of them"
      ),
    ] {
      #expect(
        TestSupport.complaint { _ = try PretrainingConfiguration(yaml: yaml, origin: "x") }
          == "x: \(problem)")
    }
    let deep = String(repeating: "clip.", count: 100_000) + "size: 3"
    #expect(
      TestSupport.complaint { _ = try PretrainingConfiguration(yaml: deep, origin: "x") } != "")
  }

  @Test func laterSettingsOverrideEarlierOnes() throws {
    let c = try PretrainingConfiguration(
      settings: [
        "epochs=3", "epochs=4", "optimizer.learning_rate=1e-3", "mask.ratio=[0.1, 0.2]",
        "jitter.hue=.1", "mask.enabled=false", "sources.paths=[a=b, c]", "precision=bfloat16",
        "sources.validation_paths=one", "optimizer.weight_decay=0",
      ])
    #expect(
      c.epochs == 4 && c.optimizer.learningRate == 0.001 && c.task.mosi.mask.ratio == 0.1...0.2)
    #expect(c.jitter.hue == 0.1 && !c.task.mosi.mask.enabled && c.sources.paths == ["a=b", "c"])
    #expect(c.precision == .bfloat16 && c.sources.validationPaths == ["one"])
    #expect(c.optimizer.weightDecay == 0)
  }

  // MARK: Mistakes

  @Test(arguments: [
    ("learning_rate=1", "optimizer.learning_rate"),
    ("optimizer.lerning_rate=1", "optimizer.learning_rate"),
    ("epoch=1", "epochs"), ("mask.enable=true", "task.mosi.mask.enabled"),
    ("clip.frame=8", "clip.frames"), ("task.mosi.mask.rato=[1, 1]", "task.mosi.mask.ratio"),
    ("optimizer.learningRate=1", "optimizer.learning_rate"),
    ("mask.Ratio=[1,1]", "task.mosi.mask.ratio"), ("task.mosy.labels=1", "task.mosi.labels"),
    ("Batch.sources=1", "batch.sources"), ("optimiser.kind=sgd", "optimizer.kind"),
    ("mask.curriculum.shares=1", "task.mosi.mask.curriculum.fraction"),
    ("jitter.grayscale=1", "jitter.grayscale_probability"),
  ])
  func unknownKeysNameTheNearest(setting: String, nearest: String) {
    let key = setting.prefix { $0 != "=" }
    // If a group is unknown, the error is about the group's name.
    let text = complaint(of: setting)
    let parts = key.split(separator: ".").map(String.init)
    #expect(
      (1...parts.count).contains {
        text.hasPrefix(
          "--set \(setting): there is no key \(parts.prefix($0).joined(separator: "."));")
      })
    #expect(text.hasSuffix("; did you mean \(nearest)?"), "\(text)")
  }

  @Test func unknownKeysInFilesNameTheFile() {
    #expect(
      TestSupport.complaint { _ = try read("mask:\n  raito: [0.3, 0.5]\n") }
        == "x.yaml: there is no key mask.raito; did you mean task.mosi.mask.ratio?")
    // No suggestion is made if no name is similar.
    #expect(
      TestSupport.complaint { _ = try read("zzzzzzzzzzzzz: 1\n") }
        == "x.yaml: there is no key zzzzzzzzzzzzz")
  }

  @Test(arguments: [
    ("epochs=many", "epochs must be a whole number, not many"),
    ("epochs=2.5", "epochs must be a whole number, not 2.5"),
    ("epochs=1e30", "epochs must be a whole number, not 1e30"),
    ("epochs=true", "epochs must be a whole number, not true"),
    ("epochs=", "epochs must be a whole number, not none"),
    ("epochs=[1, 2]", "epochs must be a whole number, not [1, 2]"),
    ("mask.enabled=1", "mask.enabled must be true or false, not 1"),
    ("mask.enabled=perhaps", "mask.enabled must be true or false, not perhaps"),
    ("mask.ratio=[a, b]", "mask.ratio must be two numbers [lower, upper], not [a, b]"),
    ("mask.ratio=[0.5, 0.3]", "mask.ratio must be two numbers [lower, upper], not [0.5, 0.3]"),
    ("mask.ratio=0.5", "mask.ratio must be two numbers [lower, upper], not 0.5"),
    ("mask.ratio=[]", "mask.ratio must be two numbers [lower, upper], not []"),
    ("normalization.mean=[0, a]", "normalization.mean must be a list of numbers, not [0, a]"),
    ("sources.per_folder=x", "sources.per_folder must be a whole number or null, not x"),
    (
      "mask=0.5",
      "mask must be a group of keys (enabled, ratio, shape, background, background_speed, curriculum)"
    ),
    ("optimizer.learning_rate=.nan", "optimizer.learning_rate must be a number"),
    ("optimizer.learning_rate=.inf", "optimizer.learning_rate must be a number"),
    ("optimizer.learning_rate=nan", "optimizer.learning_rate must be a number"),
    (
      "model.architecture=resnet",
      "one of r2d3d-18, r2d3d-34, r2plus1d-10, r2plus1d-18, r2plus1d-10-vcop, r3d-10, r3d-18, "
        + "r3d-18-hara, mc3-18, r2plus1d-18-torchvision, c3d, s3d-g, s3d-g-speednet, opn, "
        + "vit-tiny, vit-s, vit-b, vit-l, vit-h, not resnet"
    ),
    ("labels.axes=z", "labels.axes must be one of"),
    ("mask.shape=circle", "mask.shape must be one of square, ellipse, polygon, blob, mixed"),
    ("mask.background=moving", "mask.background must be one of static, drifting, not moving"),
    ("augmentation.flips=1", "augmentation.flips must be true or false, not 1"),
    (
      "task.masked.transformations.kinds=[zoom, spin]",
      "task.masked.transformations.kinds must be a list with any of zoom, affine, perspective, "
        + "sliding_window, fade, color_jitter, cutmix, not [zoom, spin]"
    ),
    ("sources.paths=[[a]]", "sources.paths must be a list of texts, not [[a]]"),
    ("sources.paths=", "sources.paths must be a list of texts, not none"),
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
    ("sources.size=100000", "sources.size"), ("mask.ratio=[0.3, 1.5]", "task.mosi.mask.ratio"),
    ("mask.ratio=[0, 0.3]", "task.mosi.mask.ratio"),
    ("task.mosi.mask.curriculum.initial=[0.9, 2]", "task.mosi.mask.curriculum.initial"),
    ("mask.curriculum.share=0", "task.mosi.mask.curriculum.fraction"),
    ("mask.background_speed=0", "task.mosi.mask.background_speed"),
    ("mask.background_speed=1", "task.mosi.mask.background_speed"),
    ("task.rotation.interval=0", "task.rotation.interval"),
    ("task.rotation.tilt_degrees=50", "task.rotation.tilt_degrees"),
    ("sources.validation_fraction=1", "sources.validation_fraction"),
    ("sources.validation_fraction=-0.1", "sources.validation_fraction"),
    ("sources.max_per_folder=-1", "sources.max_per_folder"),
    ("sources.max_per_folder=1000000000000000000", "sources.max_per_folder"),
    ("epochs=4000000000000000000", "epochs"),
    ("batch.sources=4000000000000000000", "batch.sources"),
    ("batch.accumulation_steps=4000000000000000000", "batch.accumulation_steps"),
    ("sources.paths=[]", "sources.paths"), ("epochs=0", "epochs"), ("seed=-1", "seed"),
    ("batch.sources=0", "batch.sources"), ("batch.accumulation=0", "batch.accumulation_steps"),
    ("model.width=0", "model.width"), ("model.dropout=1", "model.dropout"),
    ("labels.granularity=0", "task.mosi.labels.granularity"), ("jitter.hue=0.6", "jitter.hue"),
    ("jitter.grayscale_probability=1.1", "jitter.grayscale_probability"),
    ("jitter.contrast=-1", "jitter.contrast"),
    ("normalization.mean=[0.5]", "normalization.mean"),
    ("normalization.std=[0, 1, 1]", "normalization.std"),
    ("optimizer.learning_rate=0", "optimizer.learning_rate"),
    ("optimizer.warmup_fraction=1.5", "optimizer.warmup_fraction"),
    ("optimizer.weight_decay=-1", "optimizer.weight_decay"),
    ("records.log_every_steps=0", "records.log_every_steps"),
    ("records.checkpoint_every_minutes=0", "records.checkpoint_every_minutes"),
  ])
  func impossibleValuesAreRefused(setting: String, key: String) {
    let text = complaint(of: setting)
    #expect(text.hasPrefix("the configuration's \(key) "), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func rulesReadAsSentences() {
    #expect(
      complaint(of: "jitter.hue=0.6")
        == "the configuration's jitter.hue must be from 0 to 0.5, not 0.6")
    #expect(
      complaint(of: "sources.size=5000")
        == "the configuration's sources.size must be from 8 to 4096 pixels, not 5000")
    #expect(
      complaint(of: "mask.ratio=[0.3, 2]")
        == "the configuration's task.mosi.mask.ratio must be two numbers [lower, upper] with "
        + "0 < lower <= upper <= 1, not [0.3, 2.0]"
    )
  }

  @Test(arguments: [
    "a: [1, 2", "epochs: 3\nepochs: 4\n", "epochs: 3\n  mask: 1\n", "- 1\n- 2\n", "just words\n",
    "\t- x",
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

  /// All bits of a number are kept; otherwise, a run could not be resumed with its own settings. Other YAML readers need
  /// a decimal point to recognize a number.
  @Test func numbersSurviveAFile() throws {
    var generator = KeyedGenerator(41)
    for _ in 0..<50 {
      var c = PretrainingConfiguration()
      c.seed = Int(generator.next() >> 1)
      c.optimizer.learningRate = exp(generator.uniform(in: -30...3))
      c.optimizer.weightDecay = generator.uniform()
      c.normalization.mean = (0..<3).map { _ in generator.uniform() * 1e-7 }
      let yaml = c.yaml
      let back = try read(yaml)
      #expect(back == c)
      #expect(c.differences(from: back).isEmpty)
      #expect(yaml.split(separator: "\n").allSatisfy { !$0.contains("e-") || $0.contains(".") })
    }
  }

  @Test func plainNumbersAreWrittenPlainly() {
    let yaml = PretrainingConfiguration().yaml
    for line in ["  learning_rate: 0.001\n", "      ratio: [0.3, 0.5]\n", "epochs: 100\n"] {
      #expect(yaml.contains(line), "\(yaml)")
    }
  }

  @Test func textsSurviveAFile() throws {
    var c = PretrainingConfiguration()
    c.sources.paths = [
      "007", "1.50", "1e5", "yes", "null", "~", "#a", "a: b", "- x", "it's", "\"q\"", "ä ö/日本",
      " spaces ", "a,b", "[x]", "{x}", "*x", "&x", "!x", "%x", "0x1F", "2020-01-01", "line\nbreak",
      "\\", "a:", "a:b", "a: ", "-", "-x", "?", "", "\u{85}\u{2028}\u{FEFF}\u{7F}\u{1}", "👩‍👩‍👧",
      "=", "<<", ".5", "1:30", "0o7", "+1", "y", "NO", "Null", "\r\n", "synthetic:dead-leaves:5",
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
    d.task.mosi.mask.curriculum.fraction = 0.5
    d.sources.paths.append("x")
    #expect(
      c.differences(from: d)
        == ["epochs", "sources.paths", "task.mosi.mask.curriculum.fraction"])
    #expect(c.differences(from: c).isEmpty)
  }
}
