import { render } from "preact";
import { App } from "./app";
import { startTheme } from "./state/theme";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";

startTheme();
render(<App />, document.getElementById("app")!);
