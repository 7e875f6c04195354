import Foundation
import TestSupport

/// The content of a file in Goldens.
func golden<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws
  -> Content
{
  try Bundle.module.golden(name)
}

/// The text of a file in Goldens.
func golden(_ name: String, _ ending: String) throws -> String {
  try String(contentsOfFile: Bundle.module.golden(file: "\(name).\(ending)"), encoding: .utf8)
}
