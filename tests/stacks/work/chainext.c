// SPDX-License-Identifier: GPL-2.0-or-later
/* chainext: an extension of Python: burn(N) burns time in C, call(FUNCTION, N) calls back into Python from C. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define FRAME	__attribute__((noipa))

static volatile unsigned long sink;

FRAME void ext_spin(unsigned long n)
{
	unsigned long x = sink;

	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	sink = x;
}

FRAME PyObject *ext_burn(PyObject *self, PyObject *args)
{
	unsigned long n;

	(void)self;
	if (!PyArg_ParseTuple(args, "k", &n))
		return NULL;
	ext_spin(n);
	return PyLong_FromUnsignedLong(sink & 1);
}

FRAME PyObject *ext_callback(PyObject *function, long n)
{
	PyObject *got = PyObject_CallFunction(function, "l", n);

	sink++;
	return got;
}

FRAME PyObject *ext_call(PyObject *self, PyObject *args)
{
	PyObject *function, *got;
	long n;

	(void)self;
	if (!PyArg_ParseTuple(args, "Ol", &function, &n))
		return NULL;
	got = ext_callback(function, n);
	sink++;
	return got;
}

static PyMethodDef methods[] = {
	{ "burn", ext_burn, METH_VARARGS, "burn(N): burn time" },
	{ "call", ext_call, METH_VARARGS, "call(FUNCTION, N): FUNCTION(N)" },
	{ NULL, NULL, 0, NULL },
};

static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "chainext", NULL, -1, methods, NULL, NULL, NULL, NULL };

PyMODINIT_FUNC PyInit_chainext(void)
{
	return PyModule_Create(&module);
}
