"""Mail such as people have, the same at every run: 3.4 KB on the average, in threads, some with attachments."""
import base64
import email.header
import random

SEED = 4
BOUNDARY = "=_part_boundary_7f3a"
RARE_WORD = "zugzwang"  # in the subject and the text of every hundredth message
NO_WORD = "xylophonist"  # in none
WORDS = """account agenda answer approve arrange attach balance board budget cancel change client collect comment
compare confirm contact contract copy customer date deadline decide deliver design detail discuss document draft during
estimate evening example expect explain file finance finish follow forward garden group happy holiday hotel idea inform
invoice item journey just kitchen language later letter list little meeting message minute module monday morning number
office order package paper people phone picture place plan please price problem product project proposal question quick
quote reader ready reason receive record release remember reply report request result review room sample schedule school
second section send server service several share short signature simple station status story student subject suggest
summer support system table team thanks their ticket today together tomorrow travel update version visit waiting weather
week welcome window winter work write yesterday""".split()
FOREIGN = ["Grüße aus Köln", "Réunion déplacée à jeudi", "Årsmöte på måndag", "Отчёт за квартал", "会議の予定"]
PEOPLE = [("Ada Byron", "ada"), ("Bob Martin", "bob.martin"), ("Carla Núñez", "carla"), ("Dmitri Ivanov", "dmitri"),
          ("Eve", "eve"), ("Frank O'Hara", "frank"), ("Grace H.", "grace"), ("Jürgen Groß", "juergen")]


def encoded(text):
    return text if text.isascii() else email.header.Header(text, "utf-8").encode(linesep="\r\n")


class Corpus:
    def __init__(self, count):
        self.random = random.Random(SEED)
        self.thread = []  # Message-IDs of the thread under way, whose subject is:
        self.subject = ""
        self.messages = [self.message(i) for i in range(count)]
        self.octets = sum(map(len, self.messages))

    def words(self, count):
        return " ".join(self.random.choices(WORDS, k=count))

    def paragraphs(self, octets):
        lines = []
        while octets > 0:
            lines.append(self.words(self.random.randint(8, 11)))
            octets -= len(lines[-1]) + 2
            if self.random.random() < 0.15:
                lines.append("")
        return "\r\n".join(lines) + "\r\n"

    def next_subject(self):
        """A reply's, or a new thread's."""
        if self.thread and len(self.thread) < 12 and self.random.random() < 0.6:
            return "Re: " + self.subject
        self.thread = []
        self.subject = self.words(self.random.randint(2, 7)).capitalize()
        if self.random.random() < 0.15:
            self.subject = self.random.choice(FOREIGN) + " " + self.random.choice(WORDS)
        return self.subject

    def person(self):
        name, local_part = self.random.choice(PEOPLE)
        shown = encoded(name) if not name.isascii() else f'"{name}"'
        return f"{shown} <{local_part}@example.net>"

    def header(self, number):
        subject = self.next_subject()
        if number % 100 == 50:
            subject += " " + RARE_WORD
        minute, hour, day, month = number % 60, number // 60 % 24, number // 1440 % 28 + 1, number // 40320 % 12
        month_name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month]
        identity = f"<{number}.{self.random.getrandbits(64):x}@example.net>"
        lines = [f"Return-Path: <list-{number}@example.net>",
                 f"Received: from mx.example.net (mx.example.net [192.0.2.{number % 254 + 1}])\r\n"
                 f"\tby mail.example.org with ESMTPS id {self.random.getrandbits(48):x};\r\n"
                 f"\t{day} {month_name} 2025 {hour:02}:{minute:02}:30 +0000",
                 f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s1;\r\n"
                 f"\tb={base64.b64encode(self.random.randbytes(128)).decode()}",
                 f"From: {self.person()}", f"To: {self.person()}", f"Subject: {encoded(subject)}",
                 f"Date: {day} {month_name} 2025 {hour:02}:{minute:02}:{number % 59:02} +0100",
                 f"Message-ID: {identity}"]
        if self.random.random() < 0.3:
            lines.append(f"Cc: {self.person()}, {self.person()}")
        if self.thread:
            lines += [f"In-Reply-To: {self.thread[-1]}", "References: " + "\r\n ".join(self.thread)]
        self.thread.append(identity)
        return "\r\n".join([*lines, "User-Agent: Example/1.0", "MIME-Version: 1.0"]) + "\r\n"

    def plain_part(self, octets, number):
        rare = f"The {RARE_WORD} of it.\r\n" if number % 100 == 50 else ""
        return ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                + self.paragraphs(octets) + rare)

    def html_part(self, octets):
        return ("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><p>"
                + self.paragraphs(octets).replace("\r\n\r\n", "\r\n</p><p class=3D\"x\">\r\n") + "</p></body></html>\r\n")

    def attachment(self, octets):
        data = base64.encodebytes(self.random.randbytes(octets)).decode().replace("\n", "\r\n")
        name = self.random.choice(WORDS) + ".pdf"
        return (f'Content-Type: application/pdf; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
                f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{data}')

    def multipart(self, kind, parts):
        body = "".join(f"--{BOUNDARY}{len(parts)}\r\n{part}\r\n" for part in parts)
        return (f'Content-Type: multipart/{kind}; boundary="{BOUNDARY}{len(parts)}"\r\n\r\n'
                f"{body}--{BOUNDARY}{len(parts)}--\r\n")

    def message(self, number):
        header = self.header(number)
        kind = self.random.random()
        if kind < 0.55:
            body = self.plain_part(self.random.randint(200, 2900), number)
        elif kind < 0.88:
            octets = self.random.randint(300, 1800)
            body = self.multipart("alternative", [self.plain_part(octets, number), self.html_part(octets)])
        else:
            text = self.plain_part(self.random.randint(200, 1500), number)
            body = self.multipart("mixed", [text, *[self.attachment(self.random.randint(1000, 4400))
                                                    for _ in range(self.random.randint(1, 2))]])
        return (header + body).encode()
