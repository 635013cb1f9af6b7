// K fully connected ReLU networks of one shape, side by side: networks.py in C, for the page.
//
// A layer is (rows, columns), an image a row; the weights are (inputs, columns). The columns of
// network k begin at k * pitch, so images that the networks share pass through the first layers
// of all of them in one product. What pads the columns to whole vectors stays zero throughout.

#include <stdint.h>
#include <wasm_simd128.h>

enum { LAYERS = 8, ROWS = 64, LANES = 4, BLOCK = 8 };
// In the first layer: vectors of columns at once, and pieces of the images, so that the weights
// of a piece and of so many columns stay in the first cache level.
enum { WIDE = 12, HALF = WIDE / 2, PIECES = 6 };

typedef struct {
    int inputs, units;        // of one network
    int pitch, columns;       // from one network to the next; of all of them
    float *weights, *biases;  // (inputs, columns), (columns)
    float *out, *delta;       // (rows, columns): what the layer gives, and the slopes of it
    float *keep;              // (columns): what weight decay leaves of a weight
} Layer;

// A pixel that is not black, and where the row begins that it multiplies.
typedef struct {
    float grey;
    int row;
} Pixel;

typedef struct {
    int count, layers, rows;  // rows is how many images fit in at once
    float *rates, *decays;    // (count): learning rate and weight decay of each network
    Pixel *lit;               // (rows, inputs): the pixels of each image,
    int *ends;                // (rows, PIECES): and where each piece of them ends
    Pixel *turned;            // (inputs, batch size): the images that are lit at each pixel,
    int *turns, batch_size;   // (inputs): and how many they are
    float grey[256];          // in [0, 1], of each level
    uint8_t *labels;          // (rows)
    Layer layer[LAYERS];
} Networks;

#define INLINE static inline __attribute__((always_inline))
#define EXPORT(name) __attribute__((export_name(#name)))

#define CONSTANT wasm_f32x4_const_splat

// A loop of a few steps without the loop, so that what it goes through stays in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

// a * b + c of four lanes. In one instruction where the browser lets us: twice as fast on many
// processors, and without the rounding between the two.
INLINE v128_t times_plus(v128_t a, v128_t b, v128_t c) {
#ifdef __wasm_relaxed_simd__
    return wasm_f32x4_relaxed_madd(a, b, c);
#else
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
#endif
}

static int padded(int count, int to) { return (count + to - 1) / to * to; }

// ---- memory: taken from the end, never given back; the page drops the instance as a whole

extern uint8_t __heap_base;
static uint64_t end;

// Zeros for so many bytes, or null where the machine has no more.
EXPORT(take) void *take(double bytes) {
    const uint64_t page = 65536, first = end ? end : ((uintptr_t)&__heap_base + 15) / 16 * 16;
    if (bytes > 0xffff0000u) return 0;
    end = first + ((uint64_t)bytes + 15) / 16 * 16;
    uint64_t have = __builtin_wasm_memory_size(0) * page;
    if (end > have) {
        uint64_t pages = (end - have + page - 1) / page;
        if (pages > 65535 || __builtin_wasm_memory_grow(0, pages) == (uintptr_t)-1) return 0;
    }
    return (void *)(uintptr_t)first;
}

// Floats of two axes; in double, for the number of bytes may be beyond 32 bits.
static float *floats(double rows, double columns) { return take(sizeof(float) * rows * columns); }

// Networks of these sizes, from the inputs to the classes, with zeros for weights; or null.
EXPORT(create) Networks *create(int count, int layers, const int *sizes, int batch_size) {
    Networks *all = take(sizeof(Networks));
    if (!all || layers < 1 || layers > LAYERS) return 0;
    *all = (Networks){ .count = count, .layers = layers, .batch_size = batch_size };
    all->rows = padded(batch_size > ROWS ? batch_size : ROWS, LANES);
    all->rates = floats(1, count);
    all->decays = floats(1, count);
    int inputs = padded(sizes[0], LANES);
    all->lit = take(sizeof(Pixel) * (double)all->rows * inputs);
    all->turned = take(sizeof(Pixel) * (double)batch_size * inputs);
    all->ends = take(sizeof(int) * PIECES * all->rows);
    all->turns = take(sizeof(int) * inputs);
    all->labels = take(all->rows);
    if (!all->rates || !all->decays || !all->labels) return 0;
    if (!all->lit || !all->turned || !all->ends || !all->turns) return 0;
    for (int level = 0; level < 256; level++) all->grey[level] = level / 255.0f;
    for (int l = 0; l < layers; l++) {
        Layer *layer = &all->layer[l];
        *layer = (Layer){ .inputs = inputs, .units = sizes[l + 1] };
        // Softmax regression has one product for all networks, and needs no padding between them.
        layer->pitch = layers == 1 ? layer->units : padded(layer->units, LANES);
        layer->columns = padded(count * layer->pitch, HALF * LANES);
        layer->weights = floats(inputs, layer->columns);
        layer->biases = floats(1, layer->columns);
        layer->keep = floats(1, layer->columns);
        layer->out = floats(all->rows, layer->columns);
        layer->delta = floats(all->rows, layer->columns);
        if (!layer->weights || !layer->biases || !layer->keep || !layer->out || !layer->delta)
            return 0;
        inputs = layer->pitch;
    }
    return all;
}

// Where the numbers lie, for the page to write and to read.
EXPORT(rates) float *rates(Networks *all) { return all->rates; }
EXPORT(decays) float *decays(Networks *all) { return all->decays; }
EXPORT(weights) float *weights(Networks *all, int l) { return all->layer[l].weights; }
EXPORT(biases) float *biases(Networks *all, int l) { return all->layer[l].biases; }
EXPORT(pitch) int pitch(Networks *all, int l) { return all->layer[l].pitch; }
EXPORT(columns) int columns(Networks *all, int l) { return all->layer[l].columns; }

// ---- the first layer: half of the pixels of an image are black, and need no product

// sum + grey * row over these pixels, in so many vectors of columns, which stay in registers.
INLINE void add_rows(v128_t *sum, const Pixel *pixel, const Pixel *end, const float *rows,
                     const int vectors) {
    for (; pixel < end; pixel++) {
        v128_t grey = wasm_v128_load32_splat(&pixel->grey);
        UNROLLED for (int v = 0; v < vectors; v++) {
            v128_t row = wasm_v128_load(rows + pixel->row + LANES * v);
            sum[v] = times_plus(grey, row, sum[v]);
        }
    }
}

// One piece of each image; the first begins with the biases, and the others go on from there.
INLINE void score_lit_block(const Networks *all, int rows, int piece, int column,
                            const int vectors) {
    const Layer *layer = all->layer;
    for (int r = 0; r < rows; r++) {
        const Pixel *lit = all->lit + r * layer->inputs;
        const int *ends = all->ends + r * PIECES;
        float *out = layer->out + r * layer->columns + column;
        const float *from = piece ? out : layer->biases + column;
        v128_t sum[WIDE];
        UNROLLED for (int v = 0; v < vectors; v++) sum[v] = wasm_v128_load(from + LANES * v);
        add_rows(sum, lit + (piece ? ends[piece - 1] : 0), lit + ends[piece],
                 layer->weights + column, vectors);
        UNROLLED for (int v = 0; v < vectors; v++) wasm_v128_store(out + LANES * v, sum[v]);
    }
}

// out = images @ weights + biases.
static void score_lit(const Networks *all, int rows) {
    for (int piece = 0; piece < PIECES; piece++) {
        int column = 0, columns = all->layer->columns;
        for (; column + LANES * WIDE <= columns; column += LANES * WIDE)
            score_lit_block(all, rows, piece, column, WIDE);
        if (column < columns) score_lit_block(all, rows, piece, column, HALF);
    }
}

INLINE void move_lit_block(const Networks *all, int input, int column, int decaying,
                           const int vectors) {
    const Layer *layer = all->layer;
    const Pixel *turned = all->turned + input * all->batch_size;
    float *weights = layer->weights + input * layer->columns + column;
    v128_t sum[WIDE];
    UNROLLED for (int v = 0; v < vectors; v++) sum[v] = wasm_v128_load(weights + LANES * v);
    if (decaying)
        UNROLLED for (int v = 0; v < vectors; v++) {
            v128_t keep = wasm_v128_load(layer->keep + column + LANES * v);
            sum[v] = wasm_f32x4_mul(keep, sum[v]);
        }
    add_rows(sum, turned, turned + all->turns[input], layer->delta + column, vectors);
    UNROLLED for (int v = 0; v < vectors; v++) wasm_v128_store(weights + LANES * v, sum[v]);
}

// weights = keep * weights + images.T @ delta.
static void move_lit(const Networks *all, int decaying) {
    for (int input = 0; input < all->layer->inputs; input++) {
        int column = 0, columns = all->layer->columns;
        for (; column + LANES * WIDE <= columns; column += LANES * WIDE)
            move_lit_block(all, input, column, decaying, WIDE);
        if (column < columns) move_lit_block(all, input, column, decaying, HALF);
    }
}

// ---- forward

// Four images through so many vectors of columns: the sums stay in registers.
INLINE void score_block(const float *in, int in_pitch, const Layer *layer, int column, float *out,
                        const int vectors) {
    const int columns = layer->columns;
    const float *weights = layer->weights + column;
    v128_t sum[4][2];
    UNROLLED for (int v = 0; v < vectors; v++)
        UNROLLED for (int r = 0; r < 4; r++)
            sum[r][v] = wasm_v128_load(layer->biases + column + LANES * v);
    for (int i = 0; i < layer->inputs; i++, weights += columns)
        UNROLLED for (int v = 0; v < vectors; v++) {
            v128_t weight = wasm_v128_load(weights + LANES * v);
            UNROLLED for (int r = 0; r < 4; r++) {
                v128_t value = wasm_v128_load32_splat(in + r * in_pitch + i);
                sum[r][v] = times_plus(value, weight, sum[r][v]);
            }
        }
    UNROLLED for (int v = 0; v < vectors; v++)
        UNROLLED for (int r = 0; r < 4; r++)
            wasm_v128_store(out + r * columns + column + LANES * v, sum[r][v]);
}

// out = in @ weights + biases, in the columns from `column` to `stop`.
static void score(const float *in, int in_pitch, int rows, const Layer *layer, int column,
                  int stop) {
    for (; column < stop; column += BLOCK)
        for (int r = 0; r < rows; r += 4) {
            const float *images = in + r * in_pitch;
            float *out = layer->out + r * layer->columns;
            if (stop - column >= BLOCK) score_block(images, in_pitch, layer, column, out, 2);
            else score_block(images, in_pitch, layer, column, out, 1);
        }
}

static void relu(float *values, int count) {
    const v128_t zero = CONSTANT(0);
    for (int i = 0; i < count; i += LANES)
        wasm_v128_store(values + i, wasm_f32x4_max(wasm_v128_load(values + i), zero));
}

// The images through all layers; the last one then holds the scores of each class.
static void forward(Networks *all, int rows) {
    Layer *first = all->layer;
    score_lit(all, rows);
    rows = padded(rows, 4);
    for (Layer *layer = first + 1; layer < first + all->layers; layer++) {
        Layer *before = layer - 1;
        relu(before->out, rows * before->columns);
        for (int k = 0; k < all->count; k++)
            score(before->out + k * before->pitch, before->columns, rows, layer,
                  k * layer->pitch, (k + 1) * layer->pitch);
    }
}

// ---- backward

// e to the x, for x up to 0, to two units in the last place: after Cephes, by S. Moshier.
INLINE v128_t exponential(v128_t x) {
    // What is lost in a sum with 1 becomes 0: numbers below 1e-38 would slow all products down.
    const v128_t lost = wasm_f32x4_lt(x, CONSTANT(-40.0f));
    x = wasm_f32x4_max(x, CONSTANT(-80.0f));
    const v128_t n = wasm_f32x4_nearest(wasm_f32x4_mul(x, CONSTANT(1.44269504f)));
    x = times_plus(n, CONSTANT(-0.693359375f), x);
    x = times_plus(n, CONSTANT(2.12194440e-4f), x);
    v128_t y = CONSTANT(1.9875691500e-4f);
    y = times_plus(y, x, CONSTANT(1.3981999507e-3f));
    y = times_plus(y, x, CONSTANT(8.3334519073e-3f));
    y = times_plus(y, x, CONSTANT(4.1665795894e-2f));
    y = times_plus(y, x, CONSTANT(1.6666665459e-1f));
    y = times_plus(y, x, CONSTANT(5.0000001201e-1f));
    y = wasm_f32x4_add(times_plus(y, wasm_f32x4_mul(x, x), x), CONSTANT(1.0f));
    const v128_t power = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_const_splat(127));
    return wasm_v128_andnot(wasm_f32x4_mul(y, wasm_i32x4_shl(power, 23)), lost);
}

// The slopes of the mean cross-entropy by the scores, times minus the learning rates: the pass
// is linear in its first line, so all that comes after is already the move of the weights.
static void softmax(Networks *all, int rows, float factor) {
    const Layer *layer = &all->layer[all->layers - 1];
    for (int r = 0; r < rows; r++) {
        const float *scores = layer->out + r * layer->columns;
        float *delta = layer->delta + r * layer->columns;
        for (int k = 0; k < all->count; k++) {
            const float *own = scores + k * layer->pitch;
            float most = own[0];
            for (int j = 1; j < layer->units; j++) most = own[j] > most ? own[j] : most;
            for (int j = 0; j < layer->units; j++) delta[k * layer->pitch + j] = own[j] - most;
        }
        for (int c = 0; c < layer->columns; c += LANES)
            wasm_v128_store(delta + c, exponential(wasm_v128_load(delta + c)));
        for (int k = 0; k < all->count; k++) {
            float *own = delta + k * layer->pitch, sum = 0;
            for (int j = 0; j < layer->units; j++) sum += own[j];
            const float share = 1 / sum, scale = -factor * all->rates[k] / rows;
            for (int j = 0; j < layer->units; j++)
                own[j] = (own[j] * share - (j == all->labels[r])) * scale;
            for (int j = layer->units; j < layer->pitch; j++) own[j] = 0;
        }
        for (int c = all->count * layer->pitch; c < layer->columns; c++) delta[c] = 0;
    }
}

// The slopes by the layer before: delta @ weights.T where that layer is above zero.
static void pass_back(const Networks *all, const Layer *before, const Layer *layer, int rows) {
    const int columns = layer->columns;
    for (int k = 0; k < all->count; k++)
        for (int r = 0; r < rows; r++) {
            const float *delta = layer->delta + r * columns + k * layer->pitch;
            for (int i = 0; i < layer->inputs; i += 4) {
                const float *weights = layer->weights + i * columns + k * layer->pitch;
                v128_t sum[4] = { 0 };
                for (int j = 0; j < layer->pitch; j += LANES) {
                    v128_t slope = wasm_v128_load(delta + j);
                    UNROLLED for (int q = 0; q < 4; q++) {
                        v128_t weight = wasm_v128_load(weights + q * columns + j);
                        sum[q] = times_plus(slope, weight, sum[q]);
                    }
                }
                // The sums of four inputs, each of four lanes, into one vector: add and cross.
                v128_t a = wasm_f32x4_add(wasm_i32x4_shuffle(sum[0], sum[1], 0, 4, 2, 6),
                                          wasm_i32x4_shuffle(sum[0], sum[1], 1, 5, 3, 7));
                v128_t b = wasm_f32x4_add(wasm_i32x4_shuffle(sum[2], sum[3], 0, 4, 2, 6),
                                          wasm_i32x4_shuffle(sum[2], sum[3], 1, 5, 3, 7));
                v128_t sums = wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 1, 4, 5),
                                             wasm_i32x4_shuffle(a, b, 2, 3, 6, 7));
                const int at = r * before->columns + k * before->pitch + i;
                v128_t open = wasm_f32x4_gt(wasm_v128_load(before->out + at), CONSTANT(0));
                wasm_v128_store(before->delta + at, wasm_v128_and(sums, open));
            }
        }
}

// ---- update

// Four inputs by so many vectors of columns; the product adds straight into the weights.
INLINE void move_block(const float *in, int in_pitch, int rows, const Layer *layer, int input,
                       int column, const int vectors) {
    const int columns = layer->columns;
    const float *delta = layer->delta + column;
    float *weights = layer->weights + input * columns + column;
    v128_t moved[4][2];
    UNROLLED for (int v = 0; v < vectors; v++) {
        v128_t keep = wasm_v128_load(layer->keep + column + LANES * v);
        UNROLLED for (int i = 0; i < 4; i++)
            moved[i][v] = wasm_f32x4_mul(keep, wasm_v128_load(weights + i * columns + LANES * v));
    }
    for (int r = 0; r < rows; r++, in += in_pitch, delta += columns)
        UNROLLED for (int v = 0; v < vectors; v++) {
            v128_t slope = wasm_v128_load(delta + LANES * v);
            UNROLLED for (int i = 0; i < 4; i++) {
                v128_t value = wasm_v128_load32_splat(in + input + i);
                moved[i][v] = times_plus(value, slope, moved[i][v]);
            }
        }
    UNROLLED for (int v = 0; v < vectors; v++)
        UNROLLED for (int i = 0; i < 4; i++)
            wasm_v128_store(weights + i * columns + LANES * v, moved[i][v]);
}

// weights = keep * weights + in.T @ delta, in the columns from `start` to `stop`.
static void move(const float *in, int in_pitch, int rows, const Layer *layer, int start, int stop) {
    for (int i = 0; i < layer->inputs; i += 4)
        for (int column = start; column < stop; column += BLOCK) {
            if (stop - column >= BLOCK) move_block(in, in_pitch, rows, layer, i, column, 2);
            else move_block(in, in_pitch, rows, layer, i, column, 1);
        }
}

static void move_biases(const Layer *layer, int rows) {
    for (int c = 0; c < layer->columns; c += LANES) {
        v128_t sum = wasm_v128_load(layer->delta + c);
        for (int r = 1; r < rows; r++)
            sum = wasm_f32x4_add(sum, wasm_v128_load(layer->delta + r * layer->columns + c));
        wasm_v128_store(layer->biases + c, wasm_f32x4_add(wasm_v128_load(layer->biases + c), sum));
    }
}

// Coupled L2, as in networks.py: a weight also moves by rate * decay * weight, a bias does not.
// Whether any of them does.
static int decay(const Networks *all, const Layer *layer, float factor) {
    int decaying = 0;
    for (int k = 0; k < all->count; k++) {
        const float keep = 1 - factor * all->rates[k] * all->decays[k];
        for (int j = 0; j < layer->pitch; j++) layer->keep[k * layer->pitch + j] = keep;
        decaying |= keep != 1;
    }
    return decaying;
}

static void update(Networks *all, int rows, float factor) {
    Layer *first = all->layer;
    for (Layer *layer = first + all->layers - 1; layer > first; layer--) {
        Layer *before = layer - 1;
        // Before the weights move, for the slopes belong to where they were.
        pass_back(all, before, layer, rows);
        decay(all, layer, factor);
        for (int k = 0; k < all->count; k++)
            move(before->out + k * before->pitch, before->columns, rows, layer,
                 k * layer->pitch, (k + 1) * layer->pitch);
        move_biases(layer, rows);
    }
    move_lit(all, decay(all, first, factor));
    move_biases(first, rows);
}

// ---- what the page calls

// The chosen images, by their pixels that are not black; grey levels from 0 to 255 become [0, 1].
static void gather(Networks *all, const uint8_t *images, const uint8_t *labels, const int *chosen,
                   int rows) {
    const int inputs = all->layer->inputs, columns = all->layer->columns;
    for (int r = 0; r < rows; r++) {
        const uint8_t *image = images + chosen[r] * inputs;
        Pixel *lit = all->lit + r * inputs;
        all->labels[r] = labels[chosen[r]];
        for (int piece = 0, i = 0, n = 0; piece < PIECES; piece++) {
            for (const int stop = (piece + 1) * inputs / PIECES; i < stop; i++) {
                // Written in any case, and kept if it is not black: a jump would cost more.
                lit[n] = (Pixel){ all->grey[image[i]], i * columns };
                n += image[i] != 0;
            }
            all->ends[r * PIECES + piece] = n;
        }
    }
}

// The same the other way round: for each pixel the images in which it is not black.
static void turn(Networks *all, const uint8_t *images, const int *chosen, int rows) {
    const int inputs = all->layer->inputs, columns = all->layer->columns;
    for (int i = 0; i < inputs; i++) {
        Pixel *turned = all->turned + i * all->batch_size;
        int n = 0;
        for (int r = 0; r < rows; r++) {
            const uint8_t level = images[chosen[r] * inputs + i];
            turned[n] = (Pixel){ all->grey[level], r * columns };
            n += level != 0;
        }
        all->turns[i] = n;
    }
}

// One step of stochastic gradient descent on a batch, at `factor` times the learning rates.
EXPORT(step) void step(Networks *all, const uint8_t *images, const uint8_t *labels,
                       const int *batch, int batch_size, float factor) {
    gather(all, images, labels, batch, batch_size);
    turn(all, images, batch, batch_size);
    forward(all, batch_size);
    softmax(all, batch_size, factor);
    update(all, batch_size, factor);
}

// Count the chosen images that each network takes for another class; -1 where a score of it is
// not finite.
EXPORT(measure) void measure(Networks *all, const uint8_t *images, const uint8_t *labels,
                             const int *chosen, int count, int *wrong) {
    const Layer *layer = &all->layer[all->layers - 1];
    for (int k = 0; k < all->count; k++) wrong[k] = 0;
    for (int start = 0; start < count; start += ROWS) {
        const int rows = count - start < ROWS ? count - start : ROWS;
        gather(all, images, labels, chosen + start, rows);
        forward(all, rows);
        for (int r = 0; r < rows; r++)
            for (int k = 0; k < all->count; k++) {
                const float *scores = layer->out + r * layer->columns + k * layer->pitch;
                int best = 0, finite = 1;
                for (int j = 0; j < layer->units; j++) {
                    // Only a number that is not finite gives something else than 0.
                    finite &= scores[j] - scores[j] == 0;
                    if (scores[j] > scores[best]) best = j;
                }
                if (!finite) wrong[k] = -1;
                else if (wrong[k] >= 0) wrong[k] += best != all->labels[r];
            }
    }
}
