/// What the draws of a training are for: a part of their keys, so that no two purposes share a stream.
enum DrawPurpose: UInt64 {
  case source = 1
  case clips
  case dropout
  case preview
  case shots
  case folders
}
