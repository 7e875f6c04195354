import SyntheticData

extension SpriteDataset {
  /// The list of the videos, which have no files.
  public var listing: ActionDataset {
    let classNames = actions.map(\.rawValue).sorted()
    return ActionDataset(
      classNames: classNames,
      videos: videos.map { video in
        LabeledVideo(
          name: video.path, label: classNames.firstIndex(of: video.action.rawValue)!,
          subset: video.isTest ? .test : .training, footage: nil)
      })
  }
}
