export const video = { title: "Video" };
