import type { shell as English } from "../en/shell";
import type { Same } from "../types";

export const shell: Same<typeof English> = {
  foot: "{name} бет нені көрсететінін өлшейді; сезімді, ойды немесе ниетті оқымайды.",
  home: "mimika, бірінші бөлімге",
  language: "Тіл",
  nav: {
    about: "Туралы",
    history: "Тарих",
    live: "Камера",
    photo: "Фото",
    profiles: "Профильдер",
    video: "Бейне",
  },
  skip: "Мазмұнға өту",
  theme: "Түстер",
  themes: { auto: "жүйедегідей", dark: "қараңғы", light: "жарық" },
  views: "Бөлімдер",
  analysing: "Бет талданып жатыр",
  sign_in: "Кіру",
  token: "Қолжетімділік токені",
  token_text: "Бұл серверге токен керек. Оны сервер иесі «mimika token create» командасымен жасайды.",
  token_title: "Кіру",
};
