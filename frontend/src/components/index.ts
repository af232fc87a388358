/** The page's own building blocks. */
export { Bars, ExpressionBars, Scale, type Bar } from "./Bars";
export { Button, type ButtonProps } from "./Button";
export { Confirm, Dialog, type DialogProps } from "./Dialog";
export { Dropzone, type DropzoneProps } from "./Dropzone";
export { Field, Select, Switch } from "./Field";
export { FaceFacts, FacePanel, Verdict } from "./FaceTable";
export { peakOf, StrongestUnits } from "./Units";
export { Heads } from "./Heads";
export { Icon, type IconName } from "./Icon";
export { Notice, Progress } from "./Notice";
export { SecondOpinionOf } from "./SecondOpinion";
export { say, Toasts } from "./Toast";
export { Tabs, type Tab } from "./Tabs";
