import "uplot/dist/uPlot.min.css";
import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { begin } from "./lib/session.svelte";

void begin();
addEventListener("hashchange", () => void begin());

const target = document.getElementById("app");
if (target) mount(App, { target });
