import type { shell as English } from "../en/shell";
import type { Same } from "../types";

export const shell: Same<typeof English> = {
  foot: "{name} вимірює, що показує обличчя, і не читає почуттів, думок чи намірів.",
  home: "mimika, до першого розділу",
  language: "Мова",
  nav: {
    about: "Відомості",
    history: "Історія",
    live: "Камера",
    photo: "Фото",
    profiles: "Профілі",
    video: "Відео",
  },
  skip: "До змісту",
  theme: "Кольори",
  themes: { auto: "як у системі", dark: "темні", light: "світлі" },
  views: "Розділи",
  analysing: "Триває аналіз облич",
  sign_in: "Увійти",
  token: "Токен доступу",
  token_text: "Цьому серверу потрібен токен. Його створює власник сервера командою «mimika token create».",
  token_title: "Вхід",
};
