/* A statevector of REAL, and gates and readouts on it by their matrices.  Included once for each REAL, with NAMED(x)
 * giving each function its name; hence no include guard. */

typedef struct {
    int qubits;
    int64_t amplitudes;
    REAL *re, *im; /* [amplitudes] */
} NAMED(state);

static void NAMED(clear)(NAMED(state) * s)
{
    ent_free(s->re);
    ent_free(s->im);
    s->re = s->im = NULL;
}

/* Whether there was memory for both. */
static int NAMED(init)(int qubits, NAMED(state) * s)
{
    s->qubits = qubits;
    s->amplitudes = INT64_C(1) << qubits;
    s->re = ent_alloc(s->amplitudes, sizeof *s->re);
    s->im = ent_alloc(s->amplitudes, sizeof *s->im);
    if (s->re && s->im) return 1;
    NAMED(clear)(s);
    return 0;
}

/* The base indices of a gate: all indices whose bits at the gate's qubits are 0.  Insert zeros at low < high. */
static int64_t NAMED(base_index)(int64_t k, int low, int high)
{
    const int64_t with_low = ((k >> low) << (low + 1)) | (k & ((INT64_C(1) << low) - 1));
    if (low == high) return with_low;
    return ((with_low >> high) << (high + 1)) | (with_low & ((INT64_C(1) << high) - 1));
}

/* The offsets of the d = 2 or 4 amplitudes of local indices 0..d-1 from the base index. */
static void NAMED(offsets)(const ent_gate *gate, int d, int64_t offset[4])
{
    for (int k = 0; k < d; k++) {
        offset[k] = (k & 1) ? INT64_C(1) << gate->qubit[0] : 0;
        if (k & 2) offset[k] += INT64_C(1) << gate->qubit[1];
    }
}

static int NAMED(low)(const ent_gate *gate)
{
    return gate->qubit[0] < gate->qubit[1] ? gate->qubit[0] : gate->qubit[1];
}

static int NAMED(high)(const ent_gate *gate)
{
    return gate->qubit[0] < gate->qubit[1] ? gate->qubit[1] : gate->qubit[0];
}

/* s = M s for the gate's d x d matrix; with `adjoint`, the conjugate transpose. */
static void NAMED(apply)(NAMED(state) * s, const ent_gate *gate, const double *matrix, int d, int adjoint)
{
    REAL mre[16], mim[16];
    for (int r = 0; r < d; r++)
        for (int k = 0; k < d; k++) {
            const int from = adjoint ? k * d + r : r * d + k;
            mre[r * d + k] = (REAL)matrix[2 * from];
            mim[r * d + k] = (REAL)(adjoint ? -matrix[2 * from + 1] : matrix[2 * from + 1]);
        }
    int64_t offset[4];
    NAMED(offsets)(gate, d, offset);
    const int low = NAMED(low)(gate), high = NAMED(high)(gate);
    for (int64_t b = 0; b < s->amplitudes / d; b++) {
        const int64_t base = NAMED(base_index)(b, low, high);
        REAL re[4], im[4];
        for (int k = 0; k < d; k++) {
            re[k] = s->re[base + offset[k]];
            im[k] = s->im[base + offset[k]];
        }
        for (int r = 0; r < d; r++) {
            REAL sum_re = 0, sum_im = 0;
            for (int k = 0; k < d; k++) {
                sum_re += mre[r * d + k] * re[k] - mim[r * d + k] * im[k];
                sum_im += mre[r * d + k] * im[k] + mim[r * d + k] * re[k];
            }
            s->re[base + offset[r]] = sum_re;
            s->im[base + offset[r]] = sum_im;
        }
    }
}

/* 2 Re <bra| G |ket> for the gate's d x d generator. */
static double NAMED(generator)(const NAMED(state) * ket, const NAMED(state) * bra, const ent_gate *gate,
                               const double *matrix, int d)
{
    int64_t offset[4];
    NAMED(offsets)(gate, d, offset);
    const int low = NAMED(low)(gate), high = NAMED(high)(gate);
    double sum = 0.0;
    for (int64_t b = 0; b < ket->amplitudes / d; b++) {
        const int64_t base = NAMED(base_index)(b, low, high);
        for (int r = 0; r < d; r++) {
            double re = 0.0, im = 0.0;
            for (int k = 0; k < d; k++) {
                const double kr = (double)ket->re[base + offset[k]], ki = (double)ket->im[base + offset[k]];
                re += matrix[2 * (r * d + k)] * kr - matrix[2 * (r * d + k) + 1] * ki;
                im += matrix[2 * (r * d + k)] * ki + matrix[2 * (r * d + k) + 1] * kr;
            }
            sum += (double)bra->re[base + offset[r]] * re + (double)bra->im[base + offset[r]] * im;
        }
    }
    return 2.0 * sum;
}

static double NAMED(sign)(uint64_t mask, int64_t index)
{
    return __builtin_parityll(mask & (uint64_t)index) ? -1.0 : 1.0;
}

/* z = i^power z */
static void NAMED(quarter_turns)(int power, double z[2])
{
    const double re = z[0], im = z[1];
    z[0] = (power & 1) ? -im : re;
    z[1] = (power & 1) ? re : im;
    for (int k = 0; k < 2 && (power & 2); k++) z[k] = -z[k];
}

/* <ket| P |ket>.  P = i^(number of Y) times X on x times Z on z: it takes amplitude k, with the sign of z, to k ^ x.
 */
static double NAMED(expectation)(const ent_pauli *string, const NAMED(state) * ket)
{
    const uint64_t x = string->x.word[0], z = string->z.word[0];
    double sum[2] = {0.0, 0.0};
    for (int64_t k = 0; k < ket->amplitudes; k++) {
        const int64_t to = k ^ (int64_t)x;
        const double re = (double)ket->re[k], im = (double)ket->im[k];
        const double to_re = (double)ket->re[to], to_im = (double)ket->im[to];
        sum[0] += NAMED(sign)(z, k) * (to_re * re + to_im * im);
        sum[1] += NAMED(sign)(z, k) * (to_re * im - to_im * re);
    }
    NAMED(quarter_turns)(__builtin_popcountll(x & z), sum);
    return sum[0];
}

/* image += weight times amplitude k of P |ket>. */
static void NAMED(add_image)(const ent_pauli *string, double weight, const NAMED(state) * ket, int64_t k,
                             double image[2])
{
    const uint64_t x = string->x.word[0], z = string->z.word[0];
    const int64_t from = k ^ (int64_t)x;
    const double factor = weight * NAMED(sign)(z, from);
    double part[2] = {factor * (double)ket->re[from], factor * (double)ket->im[from]};
    NAMED(quarter_turns)(__builtin_popcountll(x & z), part);
    image[0] += part[0];
    image[1] += part[1];
}

/* bra = O ket. */
static void NAMED(observe)(const ent_circuit *circuit, const double *weights, const NAMED(state) * ket,
                           NAMED(state) * bra)
{
    for (int64_t k = 0; k < ket->amplitudes; k++) {
        double factor = 0.0, image[2] = {0.0, 0.0}; /* all strings of Zs together are one factor */
        for (int r = 0; r < circuit->readouts; r++)
            if (circuit->readout[r].x.word[0] == 0)
                factor += weights[r] * NAMED(sign)(circuit->readout[r].z.word[0], k);
            else
                NAMED(add_image)(&circuit->readout[r], weights[r], ket, k, image);
        bra->re[k] = (REAL)(factor * (double)ket->re[k] + image[0]);
        bra->im[k] = (REAL)(factor * (double)ket->im[k] + image[1]);
    }
}
