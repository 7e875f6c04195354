import Foundation
import SafeFiles
import Training

/// A page about runs in a single file: their settings, learning curves and analyses.
public struct ReportPage {
  private let runs: [RunDescription]
  /// True if the page offers to reload itself, for runs in progress.
  private let follows: Bool
  private let results: [ResultSection]

  /// A page about runs.
  ///
  /// - Parameters:
  ///   - runs: the runs in the order of the page.
  ///   - follows: true if the page offers to reload itself.
  ///   - results: tables before the runs.
  public init(of runs: [RunDescription], follows: Bool = false, results: [ResultSection] = []) {
    self.runs = runs
    self.follows = follows
    self.results = results
  }

  /// Writes the page completely or not at all.
  ///
  /// - Throws: `FileError`, `FigureError`.
  public func write(to path: String) throws {
    try replaceFile(at: path, with: Data(page().utf8))
  }

  private func page() throws -> String {
    let title =
      results.first?.title
      ?? (runs.count == 1 ? "Run \(runs[0].name)" : "\(runs.count) runs side by side")
    let head = HTML.element(
      "head", [:],
      .element("meta", ["charset": "utf-8"]),
      .element(
        "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element("title", text: "\(title) – mosi"),
      .code("style", pageStyle))
    let sections = try runs.enumerated().map { try RunSection($1, id: "run-\($0 + 1)").section() }
    let tables = try results.enumerated().map { try $1.section(id: "result-\($0 + 1)") }
    let comparison = runs.count > 1 ? try Comparison(of: runs).section() : .empty
    let body = HTML.element(
      "body", [:],
      .element("a", ["class": "skip", "href": "#content"], text: "Skip to the content"),
      .element("header", [:], .element("h1", text: title), subtitle, navigation, followButton),
      .element("main", ["id": "content"], tables + [comparison] + sections),
      .element("footer", [:], .element("p", text: "Written by mosi \(Version.text).")),
      follows ? .code("script", followScript) : .empty)
    return "<!DOCTYPE html>\n" + HTML.element("html", ["lang": "en"], head, body).source
  }

  private var subtitle: HTML {
    let finished = runs.count(where: \.isFinished)
    let state =
      finished == runs.count
      ? "" : " \(runs.count - finished) of \(runs.count) in progress or interrupted."
    return .element(
      "p",
      text:
        "Motion learned from static images: what was trained, how it went, and what the network has learned."
        + state)
  }

  private var navigation: HTML {
    guard runs.count + results.count > 1 else { return .empty }
    let links =
      results.enumerated().map { ("#result-\($0 + 1)", $1.title) }
      + (runs.count > 1 ? [("#comparison", "Side by side")] : [])
      + runs.enumerated().map { ("#run-\($0 + 1)", $1.name) }
    return .element(
      "nav", ["aria-label": "On this page"],
      .element(
        "ul", [:],
        links.map { .element("li", [:], .element("a", ["href": $0], text: $1)) }))
  }

  private var followButton: HTML {
    guard follows else { return .empty }
    return .element(
      "p", [:],
      .element(
        "button", ["type": "button", "id": "follow", "aria-pressed": "false"],
        text: "Reload every 10 seconds"))
  }
}

/// Reloading is the reader's choice, which the page's address keeps across reloads.
private let followScript = """
  const button = document.getElementById("follow");
  let timer;
  function follow(on) {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Stop reloading" : "Reload every 10 seconds";
    history.replaceState(null, "", on ? "?follow" : location.pathname);
    clearInterval(timer);
    if (on) timer = setInterval(() => location.reload(), 10000);
  }
  button.addEventListener("click", () => follow(button.getAttribute("aria-pressed") !== "true"));
  if (location.search === "?follow") follow(true);
  """
