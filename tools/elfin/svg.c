/* SPDX-License-Identifier: MIT */
#include "tools/elfin/svg.h"

void svg_begin(FILE *out, double width, double height, const char *style)
{
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\">\n"
            "<style>\n%s</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
            width, height, width, height, style);
}

void svg_end(FILE *out)
{
    fputs("</svg>\n", out);
}

static void put_box(FILE *out, const char *class, const struct svg_box *box, const char *end)
{
    fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"%s", class,
            box->x, box->y, box->width, box->height, end);
}

void svg_box(FILE *out, const char *class, const struct svg_box *box)
{
    put_box(out, class, box, "/>\n");
}

void svg_tip_box(FILE *out, const char *class, const struct svg_box *box)
{
    put_box(out, class, box, "><title>");
}

void svg_tip_end(FILE *out)
{
    fputs("</title></rect>\n", out);
}

void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(out, "<line class=\"%s\" x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"/>\n", class,
            x1, y1, x2, y2);
}

void svg_text_begin(FILE *out, const char *class, double x, double y)
{
    fprintf(out, "<text class=\"%s\" x=\"%.2f\" y=\"%.2f\">", class, x, y);
}

void svg_text_end(FILE *out)
{
    fputs("</text>\n", out);
}

void svg_put(FILE *out, const char *text, size_t most)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (i == most) {
            fputs("...", out);
            return;
        }
        switch (text[i]) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', out);
        }
    }
}
