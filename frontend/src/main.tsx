import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/shell.css";

import { render } from "preact";

import { startLanguage } from "./i18n";
import { App } from "./shell/App";
import { startTheme } from "./shell/theme";

const page = document.getElementById("page");
if (page) {
  startTheme();
  await startLanguage();
  render(<App />, page);
}
