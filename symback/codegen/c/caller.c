/* Calls of C functions from Python. One such extension serves all modules: it knows no circuit, and
   finds functions by their addresses. All arguments are pointers or size_t; functions take as many
   of the ten words as they need.

   Beside `call`, which takes what ctypes would take, there are whole functions of modules for the
   usual arguments: arrays without gaps, of one type, and parameters that are floats. Whatever else
   they are given, they return None, and Python computes, or says what is wrong.

   Written by hand because modules must be built where there is a C compiler and nothing else, and
   because a call is short: CONTRIBUTING.md has the times of cffi and nanobind beside it. */

#include <pyconfig.h>
#ifndef Py_GIL_DISABLED /* without the lock, Python has no stable interface yet */
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef _WIN32
#include <pthread.h>
#endif

typedef uintptr_t word;
typedef double (*number_function)(word, word, word, word, word, word, word, word, word, word);
typedef word (*word_function)(word, word, word, word, word, word, word, word, word, word);

#define WORDS 10
#define TEN(a) a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9]
#define BLOCK_BYTES 16384 /* of partials before they are put into rows */

/* -- any function ------------------------------------------------------------------------- */

typedef struct {
    word address;
    long gives_number;
} Function;

static size_t items_of(PyObject *argument)
{
    return PyList_Check(argument) ? (size_t)PyList_Size(argument) : 1;
}

/* The address of an array, or 0 for None; -1 with an exception for what has none. */
static int address_of(PyObject *value, Py_buffer *views, size_t *held, word *address)
{
    *address = 0;
    if (value == Py_None) {
        return 0;
    }
    if (PyObject_GetBuffer(value, &views[*held], PyBUF_SIMPLE) < 0) {
        return -1;
    }
    *address = (word)views[(*held)++].buf;
    return 0;
}

static PyObject *call(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    const Function *function = PyCapsule_GetPointer(self, NULL);
    word words[WORDS] = {0};
    size_t items = 0, held = 0, used = 0;
    PyObject *result = NULL;
    if (function == NULL || count > WORDS) {
        return PyErr_Format(PyExc_TypeError, "%zd arguments are too many", count);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        items += items_of(arguments[i]);
    }
    Py_buffer *views = PyMem_Malloc((items + 1) * (sizeof(Py_buffer) + sizeof(word)));
    if (views == NULL) {
        return PyErr_NoMemory();
    }
    word *members = (word *)(views + items + 1);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyLong_Check(arguments[i])) {
            words[i] = PyLong_AsSize_t(arguments[i]);
            if (PyErr_Occurred()) {
                goto done;
            }
        } else if (PyList_Check(arguments[i])) {
            words[i] = (word)&members[used];
            for (size_t j = 0; j < items_of(arguments[i]); j++) {
                PyObject *value = PyList_GetItem(arguments[i], (Py_ssize_t)j);
                if (address_of(value, views, &held, &members[used++]) < 0) {
                    goto done;
                }
            }
        } else if (address_of(arguments[i], views, &held, &words[i]) < 0) {
            goto done;
        }
    }
    double number = 0;
    size_t integer = 0;
    Py_BEGIN_ALLOW_THREADS
    if (function->gives_number) {
        number = ((number_function)function->address)(TEN(words));
    } else {
        integer = ((word_function)function->address)(TEN(words));
    }
    Py_END_ALLOW_THREADS
    result = function->gives_number ? PyFloat_FromDouble(number) : PyLong_FromSize_t(integer);
done:
    while (held > 0) {
        PyBuffer_Release(&views[--held]);
    }
    PyMem_Free(views);
    return result;
}

/* -- what a function of a module needs ---------------------------------------------------- */

enum { PARAMS, INPUTS, ARRAY, EMPTY, DOUBLE, FLOAT, NUMBER, NUMBER_F32, DTYPE, OBJECTS };

typedef struct {
    size_t count;
    int is_float, known, is_single; /* known: there is an array that has the type */
    size_t held;
    word *members;
    size_t *strides; /* bytes of one sample */
    double *numbers; /* of one sample */
    Py_buffer *views;
} Samples;

typedef struct {
    PyObject *objects[OBJECTS]; /* types, numpy.empty, dtypes and their name */
    Samples *samples;           /* those that are bound; NULL where each call has its own */
    word address, address_f32;
    size_t params;     /* numbers that the parameters are */
    size_t members;    /* pointers in the structure of the samples */
    size_t most;       /* samples of one call, and of a block of a sum */
    size_t per_sample; /* the result is a sum over samples */
    size_t width;      /* numbers of the output of one sample */
    size_t by_column;  /* a Jacobian has a member for each column, not for each parameter */
    size_t arrays;     /* arrays that the parameters are; 0 where they are numbers */
    size_t work;       /* numbers of working memory, for arrays */
    size_t rest[];     /* 1 for members that are read, offsets of the arrays and their end, sizes */
} Plan;

static void free_samples(Samples *samples)
{
    while (samples->held > 0) {
        PyBuffer_Release(&samples->views[--samples->held]);
    }
}

static size_t samples_bytes(size_t members)
{
    return sizeof(Samples) + (members + 1) * (2 * sizeof(word) + sizeof(double) + sizeof(Py_buffer));
}

static Samples *place_samples(void *memory, size_t members)
{
    Samples *samples = memory;
    memset(samples, 0, sizeof(Samples));
    samples->views = (Py_buffer *)(samples + 1);
    samples->numbers = (double *)(samples->views + members + 1);
    samples->members = (word *)(samples->numbers + members + 1);
    samples->strides = (size_t *)(samples->members + members + 1);
    return samples;
}

/* 1 for an array without gaps, aligned, of double or float; the type is asked of the array, which
   takes NumPy less time than to describe it in the buffer. */
static int is_array(const Plan *plan, PyObject *value, Py_buffer *view, int *is_float)
{
    if ((PyObject *)Py_TYPE(value) != plan->objects[ARRAY]) {
        return 0;
    }
    PyObject *dtype = PyObject_GetAttr(value, plan->objects[DTYPE]);
    *is_float = dtype == plan->objects[FLOAT];
    const int is_usual = *is_float || dtype == plan->objects[DOUBLE];
    Py_XDECREF(dtype);
    if (!is_usual || PyObject_GetBuffer(value, view, PyBUF_ND) < 0) {
        PyErr_Clear();
        return 0;
    }
    if ((word)view->buf % (word)view->itemsize != 0) {
        PyBuffer_Release(view);
        return 0;
    }
    return 1;
}

/* 1 where the samples are of the usual kind: all arrays of one type and length, or all floats. */
static int read_samples(const Plan *plan, PyObject *inputs, Samples *samples)
{
    if ((PyObject *)Py_TYPE(inputs) != plan->objects[INPUTS]) {
        return 0;
    }
    samples->count = 1;
    for (size_t i = 0; i < plan->members; i++) {
        PyObject *value = PyTuple_GetItem(inputs, (Py_ssize_t)i);
        Py_buffer *view = &samples->views[samples->held];
        samples->members[i] = 0;
        if (!plan->rest[i]) {
            continue;
        }
        if (PyFloat_CheckExact(value) || (PyObject *)Py_TYPE(value) == plan->objects[NUMBER]) {
            if (samples->known && !samples->is_single) {
                return 0;
            }
            samples->is_single = 1;
            samples->numbers[i] = PyFloat_AsDouble(value);
            samples->members[i] = (word)&samples->numbers[i];
        } else {
            int is_float;
            if (samples->is_single || !is_array(plan, value, view, &is_float)) {
                return 0;
            }
            samples->held++;
            size_t count = view->ndim == 1 ? (size_t)view->shape[0] : 0;
            if (count == 0) {
                return 0;
            }
            if (samples->known && (count != samples->count || is_float != samples->is_float)) {
                return 0;
            }
            samples->count = count;
            samples->is_float = is_float;
            samples->members[i] = (word)view->buf;
            samples->strides[i] = (size_t)view->itemsize;
        }
        samples->known = 1;
    }
    return 1;
}

/* -- one call ----------------------------------------------------------------------------- */

typedef struct {
    const Plan *plan;
    Samples *samples;
    int is_float, lost; /* lost: a number is too large for a float, of which NumPy warns */
    double *vector, *direction, *gradient, *work; /* params, twice, and what a function adds up */
    word *theta, *moved, *bars, *shifted; /* the same as functions take them; later samples */
    void *memory;
} Call;

static float narrow(Call *c, double value)
{
    float found = (float)value;
    c->lost |= isinf(found) && !isinf(value);
    return found;
}

/* Numbers as C takes them: members of a structure, or pointers to parts of the vector. */
static void point(Call *c, double *vector, word *members)
{
    const Plan *plan = c->plan;
    const size_t *offsets = plan->rest + plan->members;
    for (size_t i = 0; i < plan->arrays; i++) {
        members[i] = (word)(vector + offsets[i]);
    }
    for (size_t i = 0; i < plan->params && plan->arrays == 0; i++) {
        if (c->is_float) {
            ((float *)members)[i] = narrow(c, vector[i]);
        } else {
            memcpy(&members[i], &vector[i], sizeof(double));
        }
    }
}

static int read_vector(Call *c, PyObject *value, double *into)
{
    Py_buffer view;
    const size_t count = c->plan->params;
    int is_float;
    if (!is_array(c->plan, value, &view, &is_float)) {
        return 0;
    }
    const int fits = view.ndim == 1 && (size_t)view.shape[0] == count;
    for (size_t i = 0; fits && i < count; i++) {
        into[i] = is_float ? (double)((float *)view.buf)[i] : ((double *)view.buf)[i];
    }
    if (!c->samples->known && into == c->vector) {
        c->is_float = is_float;
    }
    PyBuffer_Release(&view);
    return fits && !(c->plan->arrays > 0 && c->is_float);
}

/* Numbers by name; without samples their types would have to be weighed, which Python does. */
static int read_params(Call *c, PyObject *params)
{
    if (!PyTuple_Check(params) || (size_t)PyTuple_Size(params) != c->plan->params) {
        return 0;
    }
    for (size_t i = 0; i < c->plan->params; i++) {
        PyObject *value = PyTuple_GetItem(params, (Py_ssize_t)i);
        PyObject *type = (PyObject *)Py_TYPE(value);
        if (!PyFloat_CheckExact(value) && type != c->plan->objects[NUMBER]
            && !(type == c->plan->objects[NUMBER_F32] && c->samples->known)) {
            return 0;
        }
        c->vector[i] = PyFloat_AsDouble(value);
    }
    return 1;
}

/* 1 where there are `last` arguments, and the samples unless these are bound, all of the usual kind.
   The first is params by name, or a vector. In any case end_call is called. */
static int begin_call(
    Call *c, PyObject *self, PyObject *const *arguments, Py_ssize_t count, Py_ssize_t last, int by_name)
{
    memset(c, 0, sizeof *c);
    const Plan *plan = c->plan = PyCapsule_GetPointer(self, NULL);
    PyObject *theta = arguments[0];
    if (count != last + (plan->samples == NULL)) {
        return 0;
    }
    const int is_bound = plan->samples != NULL;
    const size_t size = plan->params + plan->arrays + 1;
    const size_t words = 6 * size + plan->members + 1 + plan->work;
    char *memory = c->memory =
        PyMem_Malloc(words * sizeof(double) + (is_bound ? 0 : samples_bytes(plan->members)));
    if (memory == NULL) {
        return 0;
    }
    c->vector = (double *)memory;
    c->direction = c->vector + size;
    c->gradient = c->direction + size;
    c->theta = (word *)(c->gradient + size);
    c->moved = c->theta + size;
    c->bars = c->moved + size;
    c->shifted = c->bars + size;
    c->work = (double *)(c->shifted + plan->members + 1);
    c->samples = plan->samples;
    if (!is_bound) {
        c->samples = place_samples(memory + words * sizeof(double), plan->members);
        if (!read_samples(plan, arguments[last], c->samples)) {
            return 0;
        }
    }
    c->is_float = c->samples->is_float;
    if (by_name ? !read_params(c, theta) : !read_vector(c, theta, c->vector)) {
        return 0;
    }
    point(c, c->vector, c->theta);
    if (plan->arrays > 0) {
        point(c, c->gradient, c->bars);
    }
    return !c->lost;
}

static PyObject *end_call(Call *c, PyObject *result)
{
    if (c->samples != NULL && c->plan->samples == NULL) {
        free_samples(c->samples);
    }
    PyMem_Free(c->memory);
    if (result != NULL && c->lost) {
        Py_DecRef(result);
        result = NULL;
    }
    if (result == NULL && !PyErr_Occurred()) {
        Py_IncRef(Py_None);
        return Py_None;
    }
    return result;
}

/* Whether one call may take all samples. */
static int fits(const Call *c)
{
    return c->samples->count <= c->plan->most;
}

/* Run the function on some of the samples, to which `shifted` is to point; two arguments of its own,
   the second may be 0. */
static double run_at(
    const Call *c, word *shifted, size_t start, size_t count, word first, word second)
{
    const Plan *plan = c->plan;
    const size_t *sizes = plan->rest + plan->members + plan->arrays + 1;
    const word address = c->is_float ? plan->address_f32 : plan->address;
    const word *members = c->samples->members;
    if (start > 0) {
        for (size_t i = 0; i < plan->members; i++) {
            shifted[i] = members[i] == 0 ? 0 : members[i] + start * c->samples->strides[i];
        }
        members = shifted;
    }
    word w[WORDS + 1] = {(word)sizes, (word)c->theta, (word)members, count, first, second};
    w[second == 0 ? 5 : 6] = (word)c->work;
    return ((number_function)address)(TEN((w + (plan->arrays == 0))));
}

static double run(Call *c, size_t start, size_t count, word first, word second)
{
    return run_at(c, c->shifted, start, count, first, second);
}

/* -- sums over blocks, on threads --------------------------------------------------------- */

/* The blocks that one thread takes: every so manieth. */
typedef struct {
    const Call *call;
    size_t first, step, blocks;
    double *parts; /* of each block: the gradient and the total */
    word *shifted;
} Share;

static void *add_up(void *argument)
{
    const Share *share = argument;
    const Call *c = share->call;
    const size_t most = c->plan->most, params = c->plan->params;
    for (size_t block = share->first; block < share->blocks; block += share->step) {
        const size_t start = block * most, left = c->samples->count - start;
        double *const part = share->parts + block * (params + 1);
        const size_t rows = left < most ? left : most;
        part[params] = run_at(c, share->shifted, start, rows, (word)part, 0);
    }
    return NULL;
}

/* Threads end with the call, so that none is left where a process forks. What can't get a thread
   of its own is done by this one. */
static void add_up_all(Share *shares, size_t threads)
{
#ifdef _WIN32
    for (size_t i = 0; i < threads; i++) {
        add_up(&shares[i]);
    }
#else
    pthread_t handles[64];
    size_t started = 1;
    while (started < threads && pthread_create(&handles[started], NULL, add_up, &shares[started]) == 0) {
        started++;
    }
    for (size_t i = 0; i < threads; i += i == 0 ? started : 1) {
        add_up(&shares[i]);
    }
    for (size_t i = 1; i < started; i++) {
        pthread_join(handles[i], NULL);
    }
#endif
}

static double added(Call *c, double sum, double part)
{
    return c->is_float ? (double)(narrow(c, sum) + narrow(c, part)) : sum + part;
}

/* The total and the gradient of all samples: those of blocks, added in their order, which is the
   same for any number of threads, and as Python adds them. */
static double sum_of_blocks(Call *c, size_t threads)
{
    const size_t params = c->plan->params, members = c->plan->members, most = c->plan->most;
    const size_t blocks = (c->samples->count + most - 1) / most;
    threads = threads < blocks ? threads : blocks;
    threads = threads < 64 ? threads : 64;
    const size_t bytes = sizeof(Share) + (members + 1) * sizeof(word);
    Share *shares = malloc(threads * bytes + blocks * (params + 1) * sizeof(double));
    if (shares == NULL) {
        c->lost = 1; /* Python goes on with less memory */
        return 0;
    }
    word *shifted = (word *)(shares + threads);
    double *parts = (double *)(shifted + threads * (members + 1));
    for (size_t i = 0; i < threads; i++) {
        shares[i] = (Share){c, i, threads, blocks, parts, shifted + i * (members + 1)};
    }
    add_up_all(shares, threads);
    double total = parts[params];
    memcpy(c->gradient, parts, params * sizeof(double));
    for (size_t block = 1; block < blocks; block++) {
        const double *const part = parts + block * (params + 1);
        total = added(c, total, part[params]);
        for (size_t i = 0; i < params; i++) {
            c->gradient[i] = added(c, c->gradient[i], part[i]);
        }
    }
    free(shares);
    return total;
}

/* How many threads are asked for: by number, or None for SYMBACK_THREADS, or else 1; 0 for what is
   no such number, which Python reports. */
static size_t threads_of(PyObject *asked)
{
    const char *text = asked == Py_None ? getenv("SYMBACK_THREADS") : NULL;
    char *end;
    if (asked != Py_None) {
        return PyLong_AsSize_t(asked);
    }
    if (text == NULL || text[0] == 0) {
        return 1;
    }
    const unsigned long found = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 ? (size_t)found : 0;
}

static PyObject *new_array(Call *c, size_t rows, size_t columns, Py_buffer *view)
{
    PyObject *dtype = c->plan->objects[c->is_float ? FLOAT : DOUBLE];
    PyObject *shape = columns == 0 ? PyLong_FromSize_t(rows) : Py_BuildValue("(nn)", rows, columns);
    PyObject *found = NULL;
    if (shape != NULL) {
        found = PyObject_CallFunctionObjArgs(c->plan->objects[EMPTY], shape, dtype, NULL);
        Py_DecRef(shape);
    }
    if (found != NULL && PyObject_GetBuffer(found, view, PyBUF_WRITABLE) < 0) {
        Py_DecRef(found);
        return NULL;
    }
    return found;
}

/* A value over a number, rounded to the type of the result first, as NumPy does. */
static PyObject *mean_of(Call *c, double total, double n)
{
    return PyFloat_FromDouble(c->is_float ? (double)(narrow(c, total) / (float)n) : total / n);
}

static PyObject *pair(PyObject *first, PyObject *second)
{
    PyObject *found = first == NULL || second == NULL ? NULL : PyTuple_Pack(2, first, second);
    Py_XDECREF(first);
    Py_XDECREF(second);
    return found;
}

static word sums_of(Call *c)
{
    return c->plan->arrays > 0 ? (word)c->bars : (word)c->gradient;
}

static double samples_of(Call *c)
{
    return c->plan->per_sample ? (double)c->samples->count : 1.0;
}

/* -- functions of modules ----------------------------------------------------------------- */

/* Means as parameters: a named tuple of NumPy's numbers. */
static PyObject *as_params(Call *c, double n)
{
    const size_t size = c->plan->params;
    PyObject *type = c->plan->objects[c->is_float ? NUMBER_F32 : NUMBER];
    PyObject *numbers = PyTuple_New((Py_ssize_t)size), *found = NULL;
    for (size_t i = 0; numbers != NULL && i < size; i++) {
        PyObject *value = mean_of(c, c->gradient[i], n);
        PyObject *number = value == NULL ? NULL : PyObject_CallFunctionObjArgs(type, value, NULL);
        Py_XDECREF(value);
        if (number == NULL || PyTuple_SetItem(numbers, (Py_ssize_t)i, number) < 0) {
            Py_DecRef(numbers);
            return NULL;
        }
    }
    PyObject *arguments = numbers == NULL ? NULL : PyTuple_Pack(1, numbers);
    if (arguments != NULL) {
        void *slot = PyType_GetSlot(&PyTuple_Type, Py_tp_new);
        newfunc make;
        memcpy(&make, &slot, sizeof make); /* C has no cast from one kind of pointer to the other */
        found = make((PyTypeObject *)c->plan->objects[PARAMS], arguments, NULL);
    }
    Py_XDECREF(arguments);
    Py_XDECREF(numbers);
    return found;
}

static PyObject *as_vector(Call *c, double n)
{
    Py_buffer view;
    PyObject *found = new_array(c, c->plan->params, 0, &view);
    if (found != NULL) {
        for (size_t i = 0; i < c->plan->params; i++) {
            if (c->is_float) {
                ((float *)view.buf)[i] = narrow(c, c->gradient[i]) / (float)n;
            } else {
                ((double *)view.buf)[i] = c->gradient[i] / n;
            }
        }
        PyBuffer_Release(&view);
    }
    return found;
}

static PyObject *mean_and_gradient(
    PyObject *self, PyObject *const *arguments, Py_ssize_t count, int by_name)
{
    Call c;
    PyObject *result = NULL;
    size_t threads = 1;
    if (begin_call(&c, self, arguments, count - 1, 1, by_name)
        && (fits(&c) || (threads = threads_of(arguments[count - 1])) > 0)) {
        double total, n = samples_of(&c);
        Py_BEGIN_ALLOW_THREADS
        total = fits(&c) ? run(&c, 0, c.samples->count, sums_of(&c), 0) : sum_of_blocks(&c, threads);
        Py_END_ALLOW_THREADS
        PyObject *gradient = by_name ? as_params(&c, n) : as_vector(&c, n);
        result = pair(mean_of(&c, total, n), gradient);
    }
    return end_call(&c, result);
}

static PyObject *objective(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return mean_and_gradient(self, arguments, count, 0);
}

static PyObject *value_and_grad(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    return mean_and_gradient(self, arguments, count, 1);
}

static PyObject *residuals(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    Call c;
    Py_buffer view;
    PyObject *result = NULL;
    if (begin_call(&c, self, arguments, count, 1, 0) && fits(&c)) {
        const size_t rows = c.samples->count;
        result = new_array(&c, rows * c.plan->width, 0, &view);
        if (result != NULL) {
            Py_BEGIN_ALLOW_THREADS
            run(&c, 0, rows, (word)view.buf, 0);
            Py_END_ALLOW_THREADS
            PyBuffer_Release(&view);
        }
    }
    return end_call(&c, result);
}

/* Put partials, which lie parameter by parameter, into rows of all parameters. */
static void put_rows(Call *c, const char *from, char *into, size_t count, size_t room)
{
    const Plan *plan = c->plan;
    const size_t *offsets = plan->rest + plan->members, bytes = c->is_float ? 4 : 8;
    const size_t params = plan->params;
    if (plan->by_column || plan->arrays == 0) {
        for (size_t row = 0; row < count; row++) { /* in the order of what is written */
            for (size_t j = 0; j < params; j++) {
                if (c->is_float) {
                    ((float *)into)[row * params + j] = ((const float *)from)[j * room + row];
                } else {
                    ((double *)into)[row * params + j] = ((const double *)from)[j * room + row];
                }
            }
        }
        return;
    }
    for (size_t b = 0; b < plan->arrays; b++) {
        const size_t size = offsets[b + 1] - offsets[b];
        const char *block = from + offsets[b] * room * bytes;
        for (size_t row = 0; row < count; row++) {
            char *place = into + (row * params + offsets[b]) * bytes;
            memcpy(place, block + row * size * bytes, size * bytes);
        }
    }
}

static PyObject *jacobian(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    Call c;
    Py_buffer view;
    PyObject *result = NULL;
    char *partials = NULL;
    if (begin_call(&c, self, arguments, count, 1, 0) && fits(&c)) {
        const size_t rows = c.samples->count, width = c.plan->width, params = c.plan->params;
        const size_t bytes = c.is_float ? 4 : 8, row_bytes = params * width * bytes;
        size_t most = BLOCK_BYTES / row_bytes < 32 ? 32 : BLOCK_BYTES / row_bytes;
        most = most < rows ? most : rows;
        const size_t *offsets = c.plan->rest + c.plan->members;
        const size_t blocks = c.plan->by_column || c.plan->arrays == 0 ? params : c.plan->arrays;
        partials = PyMem_Malloc(most * row_bytes + blocks * sizeof(word));
        result = partials == NULL ? NULL : new_array(&c, rows * width, params, &view);
        if (result != NULL) {
            word *places = (word *)(partials + most * row_bytes);
            for (size_t b = 0; b < blocks; b++) {
                const size_t first = blocks == params ? b : offsets[b];
                places[b] = (word)(partials + first * most * width * bytes);
            }
            Py_BEGIN_ALLOW_THREADS
            for (size_t start = 0; start < rows; start += most) {
                const size_t some = rows - start < most ? rows - start : most;
                run(&c, start, some, (word)places, 0);
                char *into = (char *)view.buf + start * row_bytes;
                put_rows(&c, partials, into, some * width, most * width);
            }
            Py_END_ALLOW_THREADS
            PyBuffer_Release(&view);
        }
    }
    PyMem_Free(partials);
    return end_call(&c, result);
}

static PyObject *hessp(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    Call c;
    PyObject *result = NULL;
    if (begin_call(&c, self, arguments, count, 2, 0) && fits(&c)
        && read_vector(&c, arguments[1], c.direction)) {
        point(&c, c.direction, c.moved);
        Py_BEGIN_ALLOW_THREADS
        run(&c, 0, c.samples->count, (word)c.moved, sums_of(&c));
        Py_END_ALLOW_THREADS
        result = as_vector(&c, samples_of(&c));
    }
    return end_call(&c, result);
}

/* Column by column; what stands above the diagonal is taken from below it. */
static PyObject *hessian(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    Call c;
    Py_buffer view;
    PyObject *result = NULL;
    if (begin_call(&c, self, arguments, count, 1, 0) && fits(&c)) {
        const size_t size = c.plan->params;
        const double n = samples_of(&c);
        result = new_array(&c, size, size, &view);
        if (result != NULL) {
            double *wide = view.buf;
            float *narrowed = view.buf;
            Py_BEGIN_ALLOW_THREADS
            for (size_t i = 0; i < size; i++) {
                memset(c.direction, 0, size * sizeof(double));
                c.direction[i] = 1;
                point(&c, c.direction, c.moved);
                run(&c, 0, c.samples->count, (word)c.moved, sums_of(&c));
                for (size_t j = 0; j <= i; j++) {
                    const size_t low = i * size + j, high = j * size + i;
                    if (c.is_float) {
                        narrowed[low] = narrowed[high] = (narrow(&c, c.gradient[j]) + 0.0f) / (float)n;
                    } else {
                        wide[low] = wide[high] = (c.gradient[j] + 0.0) / n;
                    }
                }
            }
            Py_END_ALLOW_THREADS
            PyBuffer_Release(&view);
        }
    }
    return end_call(&c, result);
}

/* -- how modules get these ---------------------------------------------------------------- */

#define TAKES(name) (PyCFunction)(void (*)(void))name, METH_FASTCALL, NULL

static PyMethodDef functions[] = {
    {"call", TAKES(call)},
    {"objective", TAKES(objective)},
    {"value_and_grad", TAKES(value_and_grad)},
    {"residuals", TAKES(residuals)},
    {"jacobian", TAKES(jacobian)},
    {"hessp", TAKES(hessp)},
    {"hessian", TAKES(hessian)},
    {NULL, NULL, 0, NULL},
};

static void free_plan(PyObject *capsule)
{
    Plan *plan = PyCapsule_GetPointer(capsule, NULL);
    for (size_t i = 0; i < OBJECTS; i++) {
        Py_DecRef(plan->objects[i]);
    }
    if (plan->samples != NULL) {
        free_samples(plan->samples);
        PyMem_Free(plan->samples);
    }
    PyMem_Free(plan);
}

static void free_function(PyObject *capsule)
{
    PyMem_Free(PyCapsule_GetPointer(capsule, NULL));
}

/* function(address, gives_number): what calls it with pointers and numbers. */
static PyObject *make_function(PyObject *module, PyObject *arguments)
{
    unsigned long long address;
    int gives_number;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "Kp", &address, &gives_number)) {
        return NULL;
    }
    Function *function = PyMem_Malloc(sizeof *function);
    if (function == NULL) {
        return PyErr_NoMemory();
    }
    function->address = (word)address;
    function->gives_number = gives_number;
    PyObject *capsule = PyCapsule_New(function, NULL, free_function);
    PyObject *found = capsule == NULL ? NULL : PyCFunction_NewEx(&functions[0], capsule, NULL);
    Py_XDECREF(capsule);
    return found;
}

/* Samples that are kept; None is for what is not read. NULL with an exception where they can't be. */
static Samples *kept_samples(PyObject *arrays, Py_ssize_t count, int is_float)
{
    const size_t members = (size_t)PyTuple_Size(arrays);
    void *memory = PyMem_Malloc(samples_bytes(members));
    if (memory == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    Samples *samples = place_samples(memory, members);
    samples->count = (size_t)count;
    samples->is_float = is_float;
    for (size_t i = 0; i < members; i++) {
        const size_t held = samples->held;
        PyObject *value = PyTuple_GetItem(arrays, (Py_ssize_t)i);
        if (address_of(value, samples->views, &samples->held, &samples->members[i]) < 0) {
            free_samples(samples);
            PyMem_Free(memory);
            return NULL;
        }
        if (samples->held > held) {
            samples->known = 1;
            samples->strides[i] = (size_t)(samples->views[held].len / count);
        }
    }
    return samples;
}

/* whole(name, words, objects, arrays, count, is_float): a function of a module, whose plan has
   these words; it takes no samples where it gets some here, a tuple of arrays. */
static PyObject *make_whole(PyObject *module, PyObject *arguments)
{
    const char *name;
    Py_buffer words;
    PyObject *objects, *arrays, *found = NULL;
    Py_ssize_t count;
    int is_float;
    (void)module;
    if (!PyArg_ParseTuple(
            arguments, "sy*O!Onp", &name, &words, &PyTuple_Type, &objects, &arrays, &count, &is_float)) {
        return NULL;
    }
    PyMethodDef *function = functions;
    while (function->ml_name != NULL && strcmp(function->ml_name, name) != 0) {
        function++;
    }
    Samples *samples = arrays == Py_None ? NULL : kept_samples(arrays, count, is_float);
    Plan *plan = PyMem_Malloc(offsetof(Plan, address) + (size_t)words.len);
    if (plan == NULL || function->ml_name == NULL || PyTuple_Size(objects) != OBJECTS) {
        PyErr_SetString(PyExc_ValueError, "unknown function, or objects of another number");
    }
    if (PyErr_Occurred()) {
        if (samples != NULL) {
            free_samples(samples);
        }
        PyMem_Free(samples);
        PyMem_Free(plan);
        PyBuffer_Release(&words);
        return NULL;
    }
    memcpy(&plan->address, words.buf, (size_t)words.len);
    PyBuffer_Release(&words);
    plan->samples = samples;
    for (size_t i = 0; i < OBJECTS; i++) {
        plan->objects[i] = PyTuple_GetItem(objects, (Py_ssize_t)i);
        Py_IncRef(plan->objects[i]);
    }
    PyObject *capsule = PyCapsule_New(plan, NULL, free_plan);
    found = capsule == NULL ? NULL : PyCFunction_NewEx(function, capsule, NULL);
    Py_XDECREF(capsule);
    return found;
}

static PyMethodDef makers[] = {
    {"function", make_function, METH_VARARGS, NULL},
    {"whole", make_whole, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "symback_caller", NULL, 0, makers, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_symback_caller(void)
{
    return PyModuleDef_Init(&definition);
}
