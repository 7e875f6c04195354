/// The style of a page: one column on a phone, light or dark like the reader's system, with a contrast of at least 4.5 to
/// 1.
let pageStyle = """
  :root {
    color-scheme: light dark;
    --ground: #ffffff; --ink: #1c1f23; --faint: #565d66; --line: #d5d9de; --raised: #f4f6f8;
    --accent: #00598c; --bar: #9cc9e6;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ground: #14171a; --ink: #e8eaed; --faint: #a9b0b8; --line: #3a4048; --raised: #1f2429;
      --accent: #7cc4f2; --bar: #1f5f8a;
    }
  }
  * { box-sizing: border-box; }
  html { scroll-padding-top: 1rem; }
  body {
    margin: 0; background: var(--ground); color: var(--ink);
    font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  }
  header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
  header { padding-top: 1.5rem; }
  footer { color: var(--faint); padding-bottom: 2rem; }
  h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
  h2 {
    font-size: 1.35rem; margin: 2.5rem 0 .6rem; border-bottom: 2px solid var(--line); padding-bottom: .2rem;
    overflow-wrap: anywhere;
  }
  h3 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; }
  p { margin: .5rem 0; max-width: 46rem; }
  a { color: var(--accent); }
  a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible, button:focus-visible {
    outline: 3px solid var(--accent); outline-offset: 2px;
  }
  .skip { position: absolute; left: -100vw; background: var(--ground); padding: .5rem 1rem; }
  .skip:focus { left: .5rem; top: .5rem; z-index: 1; }
  nav ul { list-style: none; padding: 0; margin: .8rem 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
  nav li { padding: .15rem 0; }
  dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; margin: .8rem 0; }
  dt { color: var(--faint); }
  dd { margin: 0; overflow-wrap: anywhere; }
  .scroll { overflow-x: auto; max-width: 100%; margin: .8rem 0; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  .table { margin: .8rem 0; }
  .table .scroll { margin: .2rem 0 0; }
  th, td { padding: .3rem .8rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
  th:first-child { text-align: left; font-weight: 500; white-space: normal; overflow-wrap: anywhere; min-width: 7rem; }
  thead th { color: var(--faint); font-weight: 500; vertical-align: bottom; }
  .bar { display: inline-block; width: 6rem; height: .7rem; background: var(--raised); margin-right: .6rem; }
  .bar > span { display: block; height: 100%; background: var(--bar); }
  .value { display: inline-block; min-width: 4.2rem; }
  .wide img { min-width: 46rem; }
  figure { margin: 1rem 0; }
  figure img { display: block; max-width: 100%; height: auto; background: #ffffff; border-radius: 4px; }
  figcaption { color: var(--faint); font-size: .92rem; margin-top: .3rem; max-width: 46rem; }
  .grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); gap: 0 1.5rem; }
  details { margin: .6rem 0; }
  summary { cursor: pointer; color: var(--accent); padding: .2rem 0; }
  pre { background: var(--raised); padding: .8rem; overflow-x: auto; font-size: .85rem; border-radius: 4px; }
  code { background: var(--raised); padding: .1rem .3rem; border-radius: 3px; overflow-wrap: anywhere; }
  button {
    font: inherit; padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 4px; background: var(--raised);
    color: var(--ink);
  }
  @media (max-width: 34rem) {
    dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
    dd { margin-bottom: .4rem; }
  }
  """
